import HTTPServing
import RawHTTP

/// Scrapes and measures the duration, alternating between a new connection and a kept one, which is Prometheus' way.
struct ScrapeClock {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let request = "GET /metrics HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n"

    let target: ListenAddress
    private var kept: RawConnection?
    private var isOnKept = false

    init(_ target: ListenAddress) {
        self.target = target
    }

    mutating func scrape() throws -> Duration {
        isOnKept.toggle()
        let start = ContinuousClock.now
        if isOnKept, let kept {
            // A connection that the server has closed is replaced, as Go's client does.
            if let response = try? ask(kept) { return try judge(response, start) }
        }
        let connection = try RawConnection(to: target)
        if isOnKept { kept = connection }
        return try judge(try ask(connection), start)
    }

    private func ask(_ connection: RawConnection) throws -> RawResponse {
        try connection.send(Self.request)
        return try connection.response()
    }

    private func judge(_ response: RawResponse, _ start: ContinuousClock.Instant) throws -> Duration {
        let duration = start.duration(to: .now)
        guard response.status == 200 else { throw Failure(description: "answered \(response.status)") }
        return duration
    }
}
