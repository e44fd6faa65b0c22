import AuditEvents
import Synchronization
import Testing
import TestSupport

@testable import AuditSources

@Suite("Scanning of webhook bodies")
struct EventListScanningTests {
    private static func list(_ items: some Sequence<String>) -> [UInt8] {
        Array(#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[\#(items.joined(separator: ","))]}"#.utf8)
    }

    @Test(
        "finds in many concurrent bodies what one scanner finds in each, valid or not", .timeLimit(.minutes(1)),
        arguments: [1, 3])
    func manyAtATime(limit: Int) async throws {
        let scanning = EventListScanning(selecting: LogDirectory.selectors, limit: limit)
        let bodies = try (1...4).map { try Fixture.bytes("audit-logs/webhook/batch-\($0).json") } + [Array("{".utf8)]
        var scanner = EventScanner(selecting: LogDirectory.selectors)
        let expected = bodies.map { body in try? scanner.scan(eventList: body.span.bytes) }
        #expect(expected.map { $0 == nil } == [false, false, false, false, true])
        try await withThrowingTaskGroup { group in
            for index in 0..<100 {
                group.addTask {
                    let which = index % bodies.count
                    let batches = Mutex<[InputBatch]>([])
                    let outcome = try? await scanning.scan(bodies[which]) { batch in
                        batches.withLock { $0.append(batch) }
                        return .committed
                    }
                    #expect((outcome == nil) == (expected[which] == nil))
                    #expect(batches.withLock { $0.first?.scanned } == expected[which], "body \(which)")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("delivers a long body in parts of bounded size, and awaits the commit of the last one")
    func parts() async throws {
        let items = (0..<5000).map { String(AuditLine(from: ["192.0.2.1"], auditID: "\($0)").text.dropLast()) }
        let body = Self.list(items)
        var scanner = EventScanner(selecting: LogDirectory.selectors)
        let whole = try scanner.scan(eventList: body.span.bytes)
        #expect(whole.events.count == 5000)
        let batches = Mutex<[InputBatch]>([])
        let outcome = try await EventListScanning(selecting: LogDirectory.selectors).scan(body) { batch in
            batches.withLock { $0.append(batch) }
            return batch.awaitsCommit ? .committed : .accepted
        }
        #expect(outcome == .committed)
        let taken = batches.withLock { $0 }
        #expect(taken.count > 4)
        #expect(taken.allSatisfy { $0.scanned.events.count <= 1024 })
        #expect(taken.map(\.awaitsCommit) == Array(repeating: false, count: taken.count - 1) + [true])
        #expect(taken.flatMap(\.scanned.events) == whole.events)
        #expect(taken.map(\.scanned.lines).reduce(0, +) == 5000)
        #expect(taken.map(\.bytes).reduce(0, +) == body.count)
        #expect(taken.last?.scanned.lastEventTimestamp == whole.lastEventTimestamp)
    }

    @Test("stops at the first part that cannot be taken")
    func unavailable() async throws {
        let items = (0..<5000).map { String(AuditLine(from: ["192.0.2.1"], auditID: "\($0)").text.dropLast()) }
        let count = Mutex(0)
        let outcome = try await EventListScanning(selecting: LogDirectory.selectors).scan(Self.list(items)) { _ in
            count.withLock { $0 += 1 }
            return .unavailable(reason: "full")
        }
        #expect(outcome == .unavailable(reason: "full"))
        #expect(count.withLock { $0 } == 1)
    }
}
