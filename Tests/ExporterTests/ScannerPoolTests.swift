import AccessScanning
import AuditEvents
import Testing
import TestSupport

@testable import Exporter

@Suite("The pool of scanners")
struct ScannerPoolTests {
    @Test(
        "finds in many concurrent bodies what one scanner finds in each, valid or not", .timeLimit(.minutes(1)),
        arguments: [1, 3])
    func manyAtATime(limit: Int) async throws {
        let pool = ScannerPool(selecting: [.unauthenticatedForbidden], limit: limit)
        let bodies = try (1...4).map { try Fixture.bytes("audit-logs/webhook/batch-\($0).json") } + [Array("{".utf8)]
        var scanner = EventScanner(selecting: [.unauthenticatedForbidden])
        let expected = bodies.map { body in try? scanner.scan(eventList: body.span.bytes) }
        #expect(expected.map { $0 == nil } == [false, false, false, false, true])
        try await withThrowingTaskGroup { group in
            for index in 0..<100 {
                group.addTask {
                    let which = index % bodies.count
                    let found = try? await pool.scan(eventList: bodies[which])
                    #expect(found == expected[which], "body \(which)")
                }
            }
            try await group.waitForAll()
        }
    }
}
