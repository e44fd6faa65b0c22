import AuditEvents
import TestSupport
import Testing

@testable import AccessScanning

@Suite("The outcomes of requests that are collected in any order")
struct CollectedOutcomesTests {
    private static let analytics: [Analytic] = [.forbidden, .unauthorized, .allowed]
    private static let selection = {
        var selection = RequestCollection.Selection(of: analytics, key: SipHash128.Key(first: 1, second: 2))
        selection.keepsPaths = true
        return selection
    }()

    private static func time(_ second: Int) -> String {
        let text = { (number: Int) in String(String(number + 100).suffix(2)) }
        return "2026-11-23T\(text(second / 3600)):\(text(second / 60 % 60)):\(text(second % 60)).000000Z"
    }

    private static func event(
        _ id: String = "a", from address: String = "192.0.2.1", _ analytic: Int, second: Int, uri: String = "/api",
        message: String? = nil
    ) -> SelectedEvent {
        SelectedEvent(
            AuditEvent(
                auditID: id, stage: "ResponseComplete", requestURI: uri, verb: "list", sourceIPs: [address],
                responseCode: [403, 401, 200][analytic], responseMessage: message,
                requestReceivedTimestamp: time(second), stageTimestamp: time(second)),
            selector: analytic)
    }

    private static func events() -> [SelectedEvent] {
        var generator = SeededGenerator(seed: 16)
        var second = 0
        return (0..<900).map { number in
            second += Int.random(in: 0...60, using: &generator)
            let message = number % 3 == 0 ? "Authentication failed, no credentials provided" : nil
            return event(
                "\(number)", from: "192.0.2.\(Int.random(in: 1...4, using: &generator))", number % 7 % 3,
                second: second, uri: "/\(Int.random(in: 0..<90, using: &generator))?x=\(number)", message: message)
        }
    }

    private static func collection(of events: some Sequence<SelectedEvent>) -> RequestCollection {
        var requests = RequestCollection(selection)
        for selected in events { requests.add(selected.event, of: selected.selector) }
        return requests
    }

    @Test("have the counts of a detector, by source, outcome and credentials, however they are split and merged")
    func counts() throws {
        let events = Self.events()
        var detector = AccessScanningDetector(Self.analytics)
        for selected in events { detector.observe(selected.event, of: selected.selector, at: 0) }
        var generator = SeededGenerator(seed: 17)
        let shuffled = events.shuffled(using: &generator)
        var requests = Self.collection(of: shuffled.prefix(300))
        requests.merge(Self.collection(of: shuffled.dropFirst(200)))
        for (index, ledger) in detector.ledgers.enumerated() {
            let history = requests.history(of: index, within: 0 ... .max)
            let counts = Dictionary(uniqueKeysWithValues: history.sources.map { ($0.subject, $0.requests.total) })
            let expected = ledger.counts.sources.counters.map { ($0.subject, $0.requests) }
            #expect(counts == Dictionary(uniqueKeysWithValues: expected))
            #expect(counts.keys.allSatisfy { ($0.credentials != nil) == (index == 1) })
            let collected = requests.sources(within: nil).map { UInt64($0.counts[index]) }
            #expect(collected.reduce(0, +) == counts.values.reduce(0, +))
        }
    }

    @Test("are the highest of each outcome, and the count that of all together, within any window")
    func window() {
        let times = [(0, 0), (0, 10), (2, 20), (0, 4000), (1, 4010), (1, 4020), (2, 4030), (2, 9000)]
        let requests = Self.collection(
            of: times.enumerated().map { Self.event("\($0)", $1.0, second: $1.1) })
        let source = requests.sources(within: 3600)[0]
        #expect(source.counts == [2, 2, 1])
        #expect(source.count == 4)
        #expect(source.outcomes.outcomes == Outcome.allCases)
        #expect(requests.sources(within: nil)[0].counts == [3, 2, 3])
    }

    @Test("may be higher for one outcome in another window than in the one that has most requests")
    func highestOfOne() {
        let times = [(0, 0), (1, 10), (2, 20), (0, 30), (1, 40), (2, 50), (1, 9000), (1, 9010), (1, 9020), (1, 9030)]
        let requests = Self.collection(of: times.enumerated().map { Self.event("\($0)", $1.0, second: $1.1) })
        let source = requests.sources(within: 3600)[0]
        #expect(source.counts == [2, 4, 2])
        #expect(source.count == 6)
    }

    @Test("of one request are one outcome, the first in the list, in either order")
    func oneRequest() {
        for order in [[0, 2], [2, 0]] {
            let requests = Self.collection(of: order.map { Self.event("a", $0, second: 1) })
            #expect(requests.sources(within: nil)[0].counts == [1, 0, 0])
        }
    }

    @Test("have the distinct paths that a running exporter would have shown, at any time")
    func paths() {
        let events = Self.events()
        let start = 1_795_392_000.0
        let requests = Self.collection(of: events)
        let histories = requests.pathHistories(within: 0 ... .max)
        #expect(histories.map(\.source.address.description) == (1...4).map { "192.0.2.\($0)" })
        #expect(histories.map(\.requests.total).reduce(0, +) == UInt64(events.count))
        var counters = histories.map(\.counter)
        var detector = AccessScanningDetector(Self.analytics)
        var rest = events[...]
        var highest = 0
        for second in stride(from: 0, to: 30_000, by: 45) {
            let now = start + Double(second)
            while let next = rest.first, EventTimestamp(next.event.stageTimestamp)!.secondsSince1970 <= now {
                detector.observe(
                    next.event, of: next.selector, at: EventTimestamp(next.event.stageTimestamp)!.secondsSince1970)
                rest = rest.dropFirst()
            }
            for (index, history) in histories.enumerated() {
                let shown = detector.profiles.profile(of: history.source)?.paths.count(at: now) ?? 0
                #expect(counters[index].count(at: Int64(now * 1_000_000)) == shown)
                highest = max(highest, shown)
            }
        }
        #expect(rest.isEmpty)
        #expect(highest > 20)
    }
}
