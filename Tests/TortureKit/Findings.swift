import Synchronization

/// What was seen on `/metrics`, and what of it must not be.
final class Findings: Sendable {
    fileprivate struct State {
        var last = ShownMetrics([])
        var shown: [CountedSource: Int] = [:]
        var scrapes = 0
        var lastScrape: ContinuousClock.Instant?
        var fell = 0
        var exceeded = 0
        var early = 0
        var notes: [String] = []
    }

    fileprivate static let notesLimit = 20
    private let state = Mutex(State())

    /// Takes note of a scrape.
    ///
    /// - Parameters:
    ///   - metrics: What it showed.
    ///   - acknowledged: For what the exporter had answered before the scrape began.
    ///   - made: What was there to be counted when the scrape had ended.
    func take(_ metrics: ShownMetrics, acknowledged: [CountedSource: Int], made: [CountedSource: Int]) {
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
            state.lastScrape = .now
        }
    }

    /// Takes note of something else that must not be.
    func note(_ text: String) {
        state.withLock { $0.note(text) }
    }

    var shown: [CountedSource: Int] { state.withLock { $0.last.counts } }
    var lines: Int { state.withLock { $0.last.lines } }
    var lostLogs: Int { state.withLock { $0.last.lostLogs } }
    var scrapes: Int { state.withLock { $0.scrapes } }
    var fell: Int { state.withLock { $0.fell } }
    var exceeded: Int { state.withLock { $0.exceeded } }
    var early: Int { state.withLock { $0.early } }
    var notes: [String] { state.withLock { $0.notes } }

    /// Whether something was scraped since.
    func hasScrape(since time: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.lastScrape.map { $0 >= time } ?? false }
    }
}

extension Findings.State {
    fileprivate mutating func note(_ text: String) {
        if notes.count < Findings.notesLimit { notes.append(text) }
    }
}
