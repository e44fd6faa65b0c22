import LocalStack
import TestSupport
import Testing
import TortureKit

/// The short form of `make flood`.
@Suite("Where more addresses come than there are counters")
struct FloodTests {
    @Test(
        "the source that scans among them is counted to its last request, and the sum is exact", .timeLimit(.minutes(5))
    )
    func blindsNobody() async throws {
        // Sanitizers take several times as much; 128 MiB is what `make flood` holds.
        let options = FloodOptions(
            addresses: 20_000, requests: 50, kills: 3, memoryLimit: 1 << 30, exporter: try Program.exporter.locate())
        try await withTemporaryDirectory { directory in
            let report = try await Flood(options, in: directory).run { _ in }
            #expect(report.faults == [], "\(report.line)")
            #expect(report.series > 30_000)
        }
    }
}
