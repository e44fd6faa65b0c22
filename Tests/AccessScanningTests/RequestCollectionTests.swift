import AuditEvents
import TestSupport
import Testing

@testable import AccessScanning

@Suite("Requests that are collected in any order")
struct RequestCollectionTests {
    /// A source of the result, comparable.
    private struct Row: Hashable {
        var address: String
        var origin: Origin
        var count: Int
        var seen: ClosedRange<Double>?
        var values: [Evidence.Column: [String]]
        var leftOut: [Evidence.Column: Int]

        init(_ source: CollectedSource) {
            address = source.source.address.description
            origin = source.source.origin
            count = source.count
            seen = source.seen
            values = Dictionary(uniqueKeysWithValues: Evidence.Column.allCases.map { ($0, source.values($0)) })
            leftOut = Dictionary(uniqueKeysWithValues: Evidence.Column.allCases.map { ($0, source.valuesLeftOut($0)) })
        }
    }

    private static let selection = RequestCollection.Selection(key: SipHash128.Key(first: 1, second: 2))

    private static func rows(_ requests: RequestCollection, within window: Double? = nil) -> [Row] {
        requests.sources(within: window).map(Row.init)
    }

    /// The time of a second, with microseconds.
    private static func time(_ second: Int, _ microseconds: Int = 0) -> String {
        let text = { (number: Int, digits: Int) in String(String(number + 100_000_000).suffix(digits)) }
        return "2026-11-23T\(text(second / 3600, 2)):\(text(second / 60 % 60, 2)):\(text(second % 60, 2))."
            + "\(text(microseconds, 6))Z"
    }

    private static func event(
        _ id: String = "a", from addresses: [String] = ["192.0.2.1"], second: Int = 0,
        stage: String = "ResponseComplete",
        stageMicroseconds: Int = 0, uri: String = "/api", agent: String? = "curl"
    ) -> AuditEvent {
        AuditEvent(
            auditID: id, stage: stage, requestURI: uri, verb: "list", username: "system:anonymous",
            groups: ["system:unauthenticated"], sourceIPs: addresses, userAgent: agent, responseCode: 403,
            requestReceivedTimestamp: time(second), stageTimestamp: time(second, stageMicroseconds))
    }

    /// Events with all that makes counting difficult: two stages, repeated readings, alike requests, forged addresses,
    /// incomplete identities, more values than fit.
    private static func difficultEvents() -> [AuditEvent] {
        var generator = SeededGenerator(seed: 11)
        var events: [AuditEvent] = []
        for number in 0..<700 {
            let second = Int.random(in: 0..<20_000, using: &generator)
            let source = "192.0.2.\(Int.random(in: 1...3, using: &generator))"
            var event = event(
                Bool.random(using: &generator) ? "same" : "\(number)", from: ["203.0.113.\(number % 5)", source],
                second: second, uri: "/\(number)", agent: number % 3 == 0 ? nil : "agent \(number % 7)")
            if number % 50 == 0 {
                event.auditID = ""
                event.checkIdentity()
            }
            events.append(event)
            switch number % 4 {
            case 0:
                event.stage = "ResponseStarted"
                events.append(event)
            case 1: events.append(event)
            case 2:
                event.stageTimestamp = time(second, 5)
                events.append(event)
            default: break
            }
        }
        return events
    }

    @Test("are as many as those that are counted in order")
    func agreesWithDetector() {
        // In order, the second reading of an event follows the first one.
        let events = Self.difficultEvents()
        var detector = AccessScanningDetector(
            [.forbidden], restoring: DetectionState(key: SipHash128.Key(first: 3, second: 4)), at: 0)
        var requests = RequestCollection(Self.selection)
        for event in events {
            detector.observe(event, of: 0, at: 0)
            requests.add(event)
        }
        let expected = Dictionary(
            uniqueKeysWithValues: detector.ledgers[0].counts.sources.counters.map { ($0.source, Int($0.requests)) })
        let counts = Dictionary(
            uniqueKeysWithValues: requests.sources(within: nil).map { ($0.source, $0.count) })
        #expect(counts == expected)
        #expect(counts.values.reduce(0, +) > 1500)
    }

    @Test("give the same result in any order and split over any number of collections", arguments: 1...6)
    func order(collections: Int) {
        let events = Self.difficultEvents()
        var whole = RequestCollection(Self.selection)
        for event in events { whole.add(event) }
        let expected = Self.rows(whole, within: 3600)
        #expect(expected.contains { $0.leftOut[.requestURI] ?? 0 > 100 && $0.values[.requestURI]?.count == 100 })

        var generator = SeededGenerator(seed: UInt64(collections))
        var parts = [RequestCollection](repeating: RequestCollection(Self.selection), count: collections)
        for event in events.shuffled(using: &generator) {
            parts[Int.random(in: 0..<collections, using: &generator)].add(event)
        }
        var merged = parts.removeLast()
        while let part = parts.popLast() { merged.merge(part) }
        #expect(Self.rows(merged, within: 3600) == expected)
        #expect(Self.rows(merged) == Self.rows(whole))
        #expect(merged.inexactEvents == whole.inexactEvents)
    }

    @Test("count once however often their events are read, unless an event does not identify its request")
    func readAgain() {
        let events = Self.difficultEvents().filter(\.hasCompleteIdentity)
        var once = RequestCollection(Self.selection)
        for event in events { once.add(event) }
        var again = once
        again.merge(once)
        #expect(Self.rows(again) == Self.rows(once))
    }

    @Test("count in the window that has the most of them, compared with a slow count")
    func windows() {
        var generator = SeededGenerator(seed: 3)
        for window in [1, 7, 60, 600, 3600] {
            let seconds = (0..<60).map { _ in Int.random(in: 0..<4000, using: &generator) }
            var requests = RequestCollection(Self.selection)
            for (index, second) in seconds.enumerated() { requests.add(Self.event("\(index)", second: second)) }
            let slow = seconds.map { start in seconds.count { (start..<start + window).contains($0) } }.max()
            #expect(requests.sources(within: Double(window)).map(\.count) == [slow], "window of \(window) s")
        }
    }

    @Test("a window apart are not in one window, and a microsecond less apart they are")
    func windowEdge() {
        var requests = RequestCollection(Self.selection)
        requests.add(Self.event("a"))
        requests.add(Self.event("b", second: 3600))
        #expect(requests.sources(within: 3600).map(\.count) == [1])
        #expect(requests.sources(within: 3600.000001).map(\.count) == [2])
        #expect(requests.sources(within: nil).map(\.count) == [2])
    }

    @Test("without a time are in each window")
    func untimed() {
        var requests = RequestCollection(Self.selection)
        var event = Self.event("a")
        event.requestReceivedTimestamp = ""
        event.stageTimestamp = "yesterday"
        event.checkIdentity()
        requests.add(event)
        requests.add(Self.event("b"))
        requests.add(Self.event("c", second: 7200))
        #expect(requests.sources(within: 3600).map(\.count) == [2])
        #expect(requests.inexactEvents == 1)
    }

    @Test("at Go's zero time are without a time")
    func zeroTime() {
        let zero = "0001-01-01T00:00:00Z"
        var requests = RequestCollection(
            RequestCollection.Selection(times: 0 ..< .max, key: SipHash128.Key(first: 1, second: 2)))
        var event = Self.event()
        (event.requestReceivedTimestamp, event.stageTimestamp) = (zero, zero)
        requests.add(event)
        #expect(Self.rows(requests).map(\.count) == [1])
        #expect(Self.rows(requests).map(\.seen) == [nil])
        event = Self.event("b", second: 7)
        event.requestReceivedTimestamp = zero
        requests.add(event)
        #expect(Self.rows(requests)[0].seen.map { $0.upperBound - $0.lowerBound } == 0)
        #expect(requests.history(within: 0 ... .max).untimedRequests == 1)
    }

    @Test("outside the times that are asked for do not count, and leave no values")
    func times() throws {
        var selection = Self.selection
        let start = try #require(EventTimestamp(Self.time(100))).secondsSince1970
        selection.times = Int64(start * 1_000_000)..<Int64((start + 100) * 1_000_000)
        var requests = RequestCollection(selection)
        for second in [99, 100, 199, 200] { requests.add(Self.event("\(second)", second: second, uri: "/\(second)")) }
        let source = try #require(requests.sources(within: nil).first)
        #expect(source.count == 2)
        #expect(source.values(.requestURI) == ["/100", "/199"])
        #expect(source.seen == start...start + 99)
    }

    @Test("that match the filter are counted apart, each once")
    func filter() throws {
        var selection = Self.selection
        selection.filter = RequestFilter(entries: [
            FilterEntry(name: "probes", userAgents: [try #require(Glob("kube-probe*"))])
        ])
        var requests = RequestCollection(selection)
        let probe = Self.event("probe", agent: "kube-probe/1.30")
        for event in [probe, probe, Self.event("other")] { requests.add(event) }
        #expect(requests.filteredRequests == 1)
        #expect(requests.sources(within: nil).map(\.count) == [1])
    }

    @Test("have the values of evidence: long ones are cut, empty ones left out, equal-looking ones kept apart")
    func values() throws {
        var requests = RequestCollection(Self.selection)
        requests.add(Self.event("a", second: 2, uri: "/" + String(repeating: "é", count: 500), agent: ""))
        requests.add(Self.event("b", second: 1, agent: "caf\u{e9}"))
        requests.add(Self.event("c", second: 3, agent: "cafe\u{301}"))
        let source = try #require(requests.sources(within: nil).first)
        var evidence = Evidence()
        evidence.note(Self.event(uri: "/" + String(repeating: "é", count: 500)), .forbidden)
        #expect(source.values(.requestURI) == ["/api"] + evidence.values(.requestURI))
        #expect(
            source.values(.userAgent).map { Array($0.utf8) } == ["caf\u{e9}", "cafe\u{301}"].map { Array($0.utf8) })
    }
}
