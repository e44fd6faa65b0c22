import Foundation

/// Timed scrapes.
enum Scrapes {
    private static let request = Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)

    /// One scrape, from the request's first byte to the response's last.
    static func one(of address: LoopbackAddress) throws -> (duration: Duration, shown: ShownMetrics) {
        let connection = try HTTPConnection(to: address)
        let start = ContinuousClock.now
        try connection.send(request[...])
        let answer = try connection.answer(within: 10_000)
        let duration = ContinuousClock.now - start
        guard answer.status == 200 else { throw TortureFailure("/metrics answered \(answer.status)") }
        return (duration, ShownMetrics(answer.body))
    }

    /// Durations of consecutive scrapes until `end` is set, and the series that they showed.
    static func untilSet(_ end: Flag, of address: LoopbackAddress) -> (durations: [Duration], series: SeenSeries) {
        var durations: [Duration] = []
        var series = SeenSeries()
        while !end.isSet {
            if let scrape = try? one(of: address) {
                durations.append(scrape.duration)
                series.add(scrape.shown)
            }
            Thread.sleep(forTimeInterval: 0.1)
        }
        return (durations, series)
    }
}

/// The series of counters in all scrapes: what a Prometheus has stored, even if a later scrape does not show it.
struct SeenSeries: Sendable {
    private(set) var sources: Set<CountedSource> = []
    private(set) var networks: Set<String> = []

    mutating func add(_ shown: ShownMetrics) {
        sources.formUnion(shown.counts.keys)
        networks.formUnion(shown.networks)
    }
}
