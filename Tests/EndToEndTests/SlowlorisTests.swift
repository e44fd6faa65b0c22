import LocalStack
import SlowlorisKit
import TestSupport
import Testing

/// The short form of `make slowloris`, with wide limits because the machine is shared.
@Suite("Clients that keep the exporter waiting")
struct SlowlorisTests {
    @Test("do not keep a scraper waiting, whatever their addresses", .timeLimit(.minutes(2)), arguments: [1, 4, 240])
    func scrapes(addresses: Int) async throws {
        try await withTemporaryDirectory { directory in
            let options = SlowlorisOptions(
                dripping: 200, unread: 40, addresses: addresses, sources: 1000, seconds: 3,
                exporter: try Program.exporter.locate())
            let report = try await Slowloris(options, in: directory).run()
            #expect(report.failures == [], "\(report.line)")
            #expect(report.scrapes.count > 5, "\(report.line)")
            #expect(report.worst < .seconds(5), "\(report.line)")
            #expect(report.peak.residentMiB < 500, "\(report.line)")
        }
    }
}
