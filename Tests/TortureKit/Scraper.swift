import Foundation
import TestSupport

/// Scrapes as fast as the exporter restarts, and checks the results.
struct Scraper: Sendable {
    let address: LoopbackAddress
    let truth: Truth
    let findings: Findings
    let seed: UInt64
    let end: Flag

    private static let request = Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)

    func run() {
        var random = SeededGenerator(seed: seed)
        var connection: HTTPConnection?
        while !end.isSet {
            do throws(HTTPConnection.Failure) {
                let current = if let connection { connection } else { try HTTPConnection(to: address) }
                connection = nil
                let start = ContinuousClock.now
                let acknowledged = truth.acknowledged
                try current.send(Self.request[...])
                let answer = try current.answer(within: 5000)
                let made = truth.made
                if answer.status == 200 {
                    findings.take(ShownMetrics(answer.body), since: start, acknowledged: acknowledged, made: made)
                } else {
                    findings.note("/metrics answered \(answer.status)")
                }
                if current.isOpen { connection = current }
                Thread.sleep(forTimeInterval: Double.random(in: 0.02...0.05, using: &random))
            } catch {
                // It is down, or was killed during the response.
                Thread.sleep(forTimeInterval: 0.005)
            }
        }
    }
}
