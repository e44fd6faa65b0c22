import LocalStack
import TestSupport
import Testing
import TortureKit

/// The short form of `make flood`.
@Suite("With more addresses than counters")
struct FloodTests {
    @Test(
        "the scanning source is counted to its last request, and the sum is exact", .timeLimit(.minutes(5))
    )
    func blindsNobody() async throws {
        // Sanitizers need several times as much memory; `make flood` checks the limit of 128 MiB.
        let options = FloodOptions(
            addresses: 20_000, requests: 50, kills: 3, memoryLimit: 1 << 30, exporter: try Program.exporter.locate())
        try await withTemporaryDirectory { directory in
            let report = try await Flood(options, in: directory).run { _ in }
            #expect(report.faults == [], "\(report.line)")
            #expect(report.series > 30_000)
            // All places, the real source, and "other" of each origin.
            #expect(11_000...11_003 ~= report.createdSources)
            #expect(5_000...5_001 ~= report.createdNetworks)
            #expect(report.prometheus.headSeries > 30_000, "\(report.line)")
        }
    }
}
