import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("A request is counted once")
struct RequestDeduplicatorTests {
    private func event(id: String = "a", stage: String = "ResponseComplete", at stamp: Int) -> AuditEvent {
        AuditEvent(
            auditID: id, stage: stage, requestURI: "/api", verb: "get", sourceIPs: ["192.0.2.1"],
            requestReceivedTimestamp: "r", stageTimestamp: "s\(stamp)")
    }

    private func requests(in events: [AuditEvent], horizon: Int = 1000) -> Int {
        var deduplicator = RequestDeduplicator(horizon: horizon)
        return events.count { deduplicator.observe($0).outcome == .newRequest }
    }

    @Test("in however many stages it was logged")
    func stages() {
        let events = [event(stage: "ResponseStarted", at: 1), event(at: 2), event(stage: "Panic", at: 3)]
        #expect(requests(in: events) == 1)
        #expect(requests(in: events.reversed()) == 1)
    }

    @Test("however often an event of it is read")
    func repeats() {
        #expect(requests(in: [event(at: 1), event(at: 1), event(at: 1)]) == 1)
    }

    @Test("and equal requests are as many as the different times of one stage")
    func alike() {
        let two = [1, 2].flatMap { [event(stage: "ResponseStarted", at: $0), event(at: $0 + 10)] }
        #expect(requests(in: two) == 2)
        #expect(requests(in: two + two) == 2)
        #expect(requests(in: two + [event(at: 20)]) == 3)
    }

    @Test("but events with an incomplete identity all count, however alike they are")
    func incomplete() {
        var deduplicator = RequestDeduplicator(horizon: 10)
        var inexact = event(at: 1)
        inexact.hasCompleteIdentity = false
        for _ in 0..<6 {
            let (outcome, observed) = deduplicator.observe(inexact)
            #expect(outcome == .newRequest)
            // Nothing of it is stored: it is never recognised.
            #expect(observed == nil)
        }
        #expect(deduplicator.observedCount == 0)
    }

    @Test("and the number of requests follows the rule, in any order of events")
    func anyOrder() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            let events = (0..<Int.random(in: 1...40, using: &random)).map { _ in
                event(
                    id: ["a", "b"].randomElement(using: &random) ?? "",
                    stage: ["ResponseStarted", "ResponseComplete", "Panic"].randomElement(using: &random) ?? "",
                    at: Int.random(in: 0...6, using: &random))
            }
            // The rule in the words of the contract.
            let expected = Dictionary(grouping: events, by: \.auditID).values.map { alike in
                Dictionary(grouping: alike, by: \.stage).values.map { Set($0.map(\.stageTimestamp)).count }.max() ?? 0
            }.reduce(0, +)
            #expect(requests(in: events) == expected)
        }
    }

    @Test("as long as it is within the horizon, whatever arrives in between")
    func horizon() {
        let others = (0..<999).map { event(id: "other \($0)", at: 1) }
        #expect(requests(in: [event(at: 1)] + others + [event(at: 1)]) == 1000)
        #expect(requests(in: [event(stage: "ResponseStarted", at: 1)] + others + others + [event(at: 2)]) == 1000)
        // A later stage keeps the request, whose first event is forgotten.
        let more = (0..<500).map { event(id: "more \($0)", at: 1) }
        let stages = ["ResponseStarted", "ResponseComplete", "Panic"].map { event(stage: $0, at: 3) }
        #expect(requests(in: [stages[0]] + others + [stages[1]] + more + [stages[2]]) == 1500)
    }

    @Test("and forgotten past the horizon, so that memory is bounded")
    func beyondTheHorizon() {
        let others = (0..<1000).map { event(id: "other \($0)", at: 1) }
        #expect(requests(in: [event(at: 1)] + others + [event(at: 1)]) == 1002)
    }

    @Test("also after its state was stored and restored")
    func restored() {
        var random = SeededGenerator(seed: 13)
        for horizon in [1, 3, 10, 1000] {
            let key = SipHash128.Key(first: 1, second: 2)
            var whole = RequestDeduplicator(key: key, horizon: horizon)
            var restarted = RequestDeduplicator(key: key, horizon: horizon)
            var kept: [ObservedEvent] = []
            for step in 0..<600 {
                let event = event(
                    id: "\(Int.random(in: 0..<15, using: &random))",
                    stage: ["ResponseStarted", "ResponseComplete"].randomElement(using: &random) ?? "",
                    at: Int.random(in: 0..<4, using: &random))
                let (outcome, observed) = restarted.observe(event)
                #expect(outcome == whole.observe(event).outcome, "step \(step), horizon \(horizon)")
                if let observed { kept.append(observed) }
                #expect(kept.count == restarted.observedCount)
                guard Int.random(in: 0..<10, using: &random) == 0 else { continue }
                restarted = RequestDeduplicator(
                    key: key, horizon: horizon, observedCount: kept.count,
                    restoring: Array(kept[restarted.firstRecognised...]))
            }
        }
    }
}
