import AccessScanning
import Exposition
import Foundation
import HTTPServing
import Synchronization

/// The answer to a scrape in one format. It is made of two texts: that of the counts, which is large and made once for
/// each version of them, and that of the status, which is small and changes often. All clients share it until one of
/// the two changes, so that a client that asks again and again, or never reads its answer, costs little.
final class MetricsPage: Sendable {
    /// The age up to which the memory, CPU time and open files of the process are shown.
    private static let processAge: Duration = .milliseconds(500)
    /// The age up to which the text of unchanged counts is shown. It depends on the time too: sources stop being quiet
    /// ones of the last hour.
    private static let countsAge: Duration = .seconds(5)
    /// The time after which a text that no client asks for is forgotten: the longest usual scrape interval, twice.
    private static let patience: Duration = .seconds(130)

    private struct Made {
        var counts: CountsText
        var countsVersion: UInt64?
        /// When the text of the counts, or the values of the process, are too old.
        var countsEnd: ContinuousClock.Instant
        /// The minute of the text of the counts, since 1970: distinct paths are counted by minutes.
        var countsMinute = 0
        var processEnd: ContinuousClock.Instant
        var status: [UInt8] = []
        var lastUse: ContinuousClock.Instant?
        var process: [MetricFamily] = []
        /// As old as the values of the process, so that clients that ask at the same time can share a response.
        var scrapes: UInt64 = 0
        var response: HTTPResponse?
    }

    private let format: ExpositionFormat
    private let counts: Published<Counts>
    private let status: StatusBoard
    private let servers: @Sendable () -> [MetricFamily]
    private let clock: @Sendable () -> ContinuousClock.Instant
    private let now: @Sendable () -> Double
    private let made: Mutex<Made>
    private let empty: CountsText

    /// - Parameters:
    ///   - counts: The counts that are shown.
    ///   - status: The status that is shown.
    ///   - withCreated: Whether counters have a `_created` series in OpenMetrics.
    ///   - servers: The metrics of the exporter's own servers, which are not on the status board.
    ///   - clock: Measures the age of a text.
    ///   - now: Seconds since 1970.
    init(
        _ format: ExpositionFormat, showing counts: Published<Counts>, _ status: StatusBoard, withCreated: Bool = false,
        servers: @escaping @Sendable () -> [MetricFamily],
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        now: @escaping @Sendable () -> Double = { Date.now.timeIntervalSince1970 }
    ) {
        self.format = format
        self.counts = counts
        self.status = status
        self.servers = servers
        self.clock = clock
        self.now = now
        empty = CountsText(in: format, withCreated: withCreated)
        made = Mutex(Made(counts: empty, countsEnd: clock(), processEnd: clock()))
    }

    /// How often the text of the counts was made, and how many pages of counters were written for that.
    var work: (texts: Int, pages: Int) { made.withLock { $0.counts.work } }

    /// The response, with all counts that were published before the call.
    func response() -> HTTPResponse {
        // Clients that ask at the same time wait for it, and get the same one.
        made.withLock { made in
            made.lastUse = clock()
            let counts = counts.latest
            let isCurrent = updateCounts(counts.value, version: counts.version, in: &made)
            let status = statusText(of: status.current, in: &made)
            if isCurrent, status == made.status, let response = made.response { return response }
            made.status = status
            let response = HTTPResponse(
                headers: ["Content-Type": format.contentType], parts: made.counts.body + [BodyPart(status)])
            made.response = response
            return response
        }
    }

    /// Forgets the text if no client has asked for it for a while: a page in another format that a person looked at once
    /// would keep its memory.
    func forgetUnused() {
        let now = clock()
        made.withLock { made in
            guard let lastUse = made.lastUse, now - lastUse > Self.patience else { return }
            made.lastUse = nil
            made.counts = empty
            made.countsVersion = nil
            made.response = nil
        }
    }

    /// - Returns: Whether the text there was is current.
    private func updateCounts(_ counts: Counts, version: UInt64, in made: inout Made) -> Bool {
        let time = clock()
        let now = now()
        let minute = RecentPaths.minute(of: now)
        if version == made.countsVersion, time < made.countsEnd, minute == made.countsMinute { return true }
        made.counts.update(counts, at: now)
        made.countsMinute = minute
        made.countsVersion = version
        made.countsEnd = time + Self.countsAge
        return false
    }

    private func statusText(of status: Status, in made: inout Made) -> [UInt8] {
        let time = clock()
        if time >= made.processEnd {
            made.process = ProcessMetrics.families()
            made.scrapes = self.status.scrapes
            made.processEnd = time + Self.processAge
        }
        var text = ExpositionText(format)
        let families = StatusMetrics.families(of: status, scrapes: made.scrapes)
        for family in families + [BuildInfo.current.family] + made.process + servers() {
            text.write(family)
        }
        text.writeEnd()
        return text.bytes
    }
}
