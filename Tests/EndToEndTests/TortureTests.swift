import LocalStack
import TestSupport
import Testing
import TortureKit

/// The short form of `make torture`.
@Suite("Whatever happens to the exporter, the logs and the webhook")
struct TortureTests {
    @Test("no request is lost or counted twice, and no count is withdrawn", .timeLimit(.minutes(3)))
    func nothingLostNothingDoubled() async throws {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        let options = TortureOptions(seed: seed, kills: 10, seconds: 10, exporter: try Program.exporter.locate())
        try await withTemporaryDirectory { directory in
            let report = try await Torture(options, in: directory).run { _ in }
            #expect(report.faults == [], "\(report.line)")
        }
    }
}
