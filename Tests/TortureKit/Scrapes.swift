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

    /// Durations of consecutive scrapes until `end` is set.
    static func untilSet(_ end: Flag, of address: LoopbackAddress) -> [Duration] {
        var durations: [Duration] = []
        while !end.isSet {
            if let duration = try? one(of: address).duration { durations.append(duration) }
            Thread.sleep(forTimeInterval: 0.1)
        }
        return durations
    }
}
