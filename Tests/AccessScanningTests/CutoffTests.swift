import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("Requests that are older than a log's cut-off")
struct CutoffTests {
    private static let cutoff = EventTimestamp("2026-11-23T23:00:00Z")?.secondsSince1970 ?? 0

    private static func event(
        _ id: String, stage: String = "ResponseComplete", at time: String = "2026-11-23T22:59:59.999999Z",
        received: String = "2026-11-23T22:59:59.000000Z"
    ) -> AuditEvent {
        AuditEvent(
            auditID: id, stage: stage, sourceIPs: ["192.0.2.1"],
            requestReceivedTimestamp: received, stageTimestamp: time)
    }

    @Test("are not counted for any source, but in a counter of their own")
    func old() {
        var detector = AccessScanningDetector([.forbidden])
        detector.observe(Self.event("a"), of: 0, countingFrom: Self.cutoff, at: 1)
        detector.observe(Self.event("b"), of: 0, countingFrom: Self.cutoff, at: 1)
        #expect(detector.oldRequests == 2)
        #expect(detector.duplicateEvents == 0)
        #expect(detector.ledgers[0].counts.sources.counters.isEmpty)
        #expect(detector.takeChanges().totals.oldRequests == 2)
    }

    @Test("begin before the microsecond of the cut-off; without a time, and without a cut-off, all count")
    func border() {
        var detector = AccessScanningDetector([.forbidden])
        detector.observe(
            Self.event("a", at: "2026-11-23T23:00:00.000000Z"), of: 0, countingFrom: Self.cutoff, at: 1)
        detector.observe(Self.event("b", at: "", received: ""), of: 0, countingFrom: Self.cutoff, at: 1)
        detector.observe(Self.event("c", at: "yesterday", received: ""), of: 0, countingFrom: Self.cutoff, at: 1)
        detector.observe(Self.event("d"), of: 0, at: 1)
        #expect(detector.oldRequests == 0)
        #expect(detector.ledgers[0].counts.sources.counters.map(\.requests) == [4])
    }

    @Test("are told by the time of the request if the event has no time of its own")
    func requestTime() {
        var detector = AccessScanningDetector([.forbidden])
        detector.observe(Self.event("a", at: ""), of: 0, countingFrom: Self.cutoff, at: 1)
        #expect(detector.oldRequests == 1)
    }

    @Test("are remembered, so that neither another reading nor a later stage is counted")
    func remembered() {
        var detector = AccessScanningDetector([.forbidden])
        detector.observe(Self.event("a", stage: "ResponseStarted"), of: 0, countingFrom: Self.cutoff, at: 1)
        // Read again under another name, without a cut-off.
        detector.observe(Self.event("a", stage: "ResponseStarted"), of: 0, at: 1)
        // The end of a watch that began before the cut-off.
        detector.observe(
            Self.event("a", at: "2026-11-23T23:10:00.000000Z"), of: 0, countingFrom: Self.cutoff, at: 1)
        #expect(detector.oldRequests == 1)
        #expect(detector.duplicateEvents == 2)
        #expect(detector.ledgers[0].counts.sources.counters.isEmpty)
    }

    @Test("stay counted as old after a restart")
    func restart() {
        var state = DetectionState()
        var detector = AccessScanningDetector([.forbidden], restoring: state, at: 1)
        detector.observe(Self.event("a"), of: 0, countingFrom: Self.cutoff, at: 1)
        state.write(detector.takeChanges())
        var next = AccessScanningDetector([.forbidden], restoring: state, at: 2)
        next.observe(Self.event("a"), of: 0, at: 2)
        #expect(next.oldRequests == 1)
        #expect(next.duplicateEvents == 1)
    }
}
