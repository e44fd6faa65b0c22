import Synchronization

/// Observations on `/metrics`, and violations among them.
final class Findings: Sendable {
    fileprivate struct State {
        var last = ShownMetrics([])
        var shown: [CountedSource: Int] = [:]
        var scrapes = 0
        /// When the last scrape began.
        var lastScrape: ContinuousClock.Instant?
        var fell = 0
        var exceeded = 0
        var early = 0
        var notes: [String] = []
    }

    fileprivate static let notesLimit = 20
    private let state = Mutex(State())

    /// Records a scrape.
    ///
    /// - Parameters:
    ///   - metrics: The scraped metrics.
    ///   - start: When the scrape began.
    ///   - acknowledged: Requests that the exporter had acknowledged before the scrape began.
    ///   - made: Requests that existed when the scrape ended.
    func take(
        _ metrics: ShownMetrics, since start: ContinuousClock.Instant, acknowledged: [CountedSource: Int],
        made: [CountedSource: Int]
    ) {
        state.withLock { state in
            state.scrapes += 1
            for (source, count) in state.shown where metrics.counts[source, default: 0] < count {
                state.fell += 1
                state.note("\(source) fell from \(count) to \(metrics.counts[source, default: 0])")
            }
            for (source, count) in metrics.counts where count > made[source, default: 0] {
                state.exceeded += 1
                state.note("\(source) showed \(count) of \(made[source, default: 0])")
            }
            for (source, count) in acknowledged where metrics.counts[source, default: 0] < count {
                state.early += 1
                state.note("\(source) showed \(metrics.counts[source, default: 0]) after \(count) were acknowledged")
            }
            state.last = metrics
            state.shown.merge(metrics.counts) { max($0, $1) }
            state.lastScrape = start
        }
    }

    /// Records another violation.
    func note(_ text: String) {
        state.withLock { $0.note(text) }
    }

    var shown: [CountedSource: Int] { state.withLock { $0.last.counts } }
    /// The highest counts of all scrapes.
    var highest: [CountedSource: Int] { state.withLock { $0.shown } }
    var unread: Int { state.withLock { $0.last.unread } }
    var lines: Int { state.withLock { $0.last.lines } }
    var lostLogs: Int { state.withLock { $0.last.lostLogs } }
    var scrapes: Int { state.withLock { $0.scrapes } }
    var fell: Int { state.withLock { $0.fell } }
    var exceeded: Int { state.withLock { $0.exceeded } }
    var early: Int { state.withLock { $0.early } }
    var notes: [String] { state.withLock { $0.notes } }

    /// Whether a scrape began since. An earlier run of the exporter may have answered one that began before.
    func hasScrape(since time: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.lastScrape.map { $0 >= time } ?? false }
    }
}

extension Findings.State {
    fileprivate mutating func note(_ text: String) {
        if notes.count < Findings.notesLimit { notes.append(text) }
    }
}
