import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The changes of a detection")
struct DetectionChangesTests {
    private static let key = SipHash128.Key(first: 3, second: 4)
    private static let limits = SourceLimits(verified: 3, claimed: 2, retention: 40)
    private static let horizon = 50
    private static let filter = RequestFilter(entries: [
        FilterEntry(name: "some", networks: [Network("192.0.2.0/30")].compactMap(\.self)),
        FilterEntry(name: "none", userAgents: [Glob("x")].compactMap(\.self)),
    ])

    private static func restored(_ state: DetectionState, at time: Double) -> AccessScanningDetector {
        AccessScanningDetector(
            [.forbidden], limits: limits, filter: filter, horizon: horizon, restoring: state, at: time)
    }

    private static func event(_ random: inout SeededGenerator) -> AuditEvent {
        AuditEvent(
            auditID: "\(Int.random(in: 0..<200, using: &random))", stage: "ResponseComplete",
            sourceIPs: (0..<Int.random(in: 0...2, using: &random)).map { _ in
                "192.0.2.\(Int.random(in: 0..<8, using: &random))"
            }, stageTimestamp: "\(Int.random(in: 0..<2, using: &random))")
    }

    @Test("are sufficient to continue, whenever they are written, also if writing fails for a while")
    func restoring() {
        var random = SeededGenerator(seed: 21)
        // The content of a store after the written changes.
        var kept = DetectionState(key: Self.key)
        var detector = Self.restored(kept, at: 0)
        var never = detector
        for step in 0..<4000 {
            let event = Self.event(&random)
            let time = Double(step)
            detector.observe(event, at: time)
            never.observe(event, at: time)
            switch Int.random(in: 0..<30, using: &random) {
            case 0...3: kept.write(detector.takeChanges())
            case 4...6:
                let changes = detector.takeChanges()
                // More happens before the failure to write them is known.
                for _ in 0..<Int.random(in: 0..<5, using: &random) {
                    let event = Self.event(&random)
                    detector.observe(event, at: time)
                    never.observe(event, at: time)
                }
                detector.putBack(changes)
            case 7:
                detector.retireSilentSources(at: time)
                never.retireSilentSources(at: time)
            case 8:
                kept.write(detector.takeChanges())
                detector = Self.restored(kept, at: time)
            default: break
            }
            #expect(detector.counts == never.counts, "step \(step)")
            #expect(detector.filteredRequests == never.filteredRequests, "step \(step)")
            #expect(detector.sum == never.sum && detector.duplicateEvents == never.duplicateEvents, "step \(step)")
        }
        #expect(never.ledger.counts.retiredRequests > 0)
        #expect(never.filteredRequests["some"] ?? 0 > 0 && never.filteredRequests["none"] == 0)
    }

    @Test("are bounded while they cannot be written")
    func bounded() {
        var detector = AccessScanningDetector([.forbidden], limits: Self.limits, horizon: Self.horizon)
        for number in 0..<1000 {
            detector.observe(
                AuditEvent(auditID: "\(number)", sourceIPs: ["10.0.\(number / 256).\(number % 256)"]), at: 0)
            detector.putBack(detector.takeChanges())
        }
        let changes = detector.takeChanges()
        #expect(changes.observed.count <= 2 * Self.horizon)
        #expect(changes.forbidden.counters.count == 4)
        #expect(changes.forbidden.removedSources.isEmpty, "none of them was ever written")
        #expect(changes.totals.observedCount == 1000)
    }
}
