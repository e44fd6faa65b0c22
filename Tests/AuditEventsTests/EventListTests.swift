import AuditEvents
import Testing
import TestSupport

@Suite("The bodies of the audit webhook")
struct EventListTests {
    private func scan(_ body: [UInt8]) throws -> ScannedEvents {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        return try scanner.scan(eventList: body.span.bytes)
    }

    @Test("from a real API server contain all their counted events")
    func realBodies() throws {
        let found = try (1...4).map { try scan(Fixture.bytes("audit-logs/webhook/batch-\($0).json")) }
        // 132 requests, nine of which were logged in two stages.
        #expect(found.map(\.events.count).reduce(0, +) == 141)
        #expect(found.allSatisfy { $0.lines > 0 && $0.lastEventTimestamp != nil })
    }

    @Test("may be of version v1 or v1beta1 and may be empty")
    func versions() throws {
        for version in ["v1", "v1beta1"] {
            for items in ["", #","items":[]"#, #","items":null"#] {
                let body = #"{"apiVersion":"audit.k8s.io/\#(version)","kind":"EventList"\#(items)}"#
                #expect(try scan(Array(body.utf8)) == ScannedEvents())
            }
        }
    }

    @Test(
        "that are not an EventList give an error with the reason",
        arguments: [
            ("", "the body is empty"),
            ("[]", "not a JSON object"),
            (#"{"kind":"EventList","apiVersion":"v1","items":[]}"#, "apiVersion is neither"),
            (#"{"kind":"Event","apiVersion":"audit.k8s.io/v1"}"#, "kind is not EventList"),
            (#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":{}}"#, "items is not an array"),
            (#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{},}"#, "cut off"),
            (#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{} {}]}"#, "cut off"),
            (#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]} x"#, "cut off"),
        ])
    func noEventLists(body: String, reason: String) throws {
        let error = #expect(throws: MalformedEvent.self) { try scan(Array(body.utf8)) }
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
    }

    @Test("that are truncated anywhere are rejected as a whole")
    func cutOff() throws {
        let body = try Fixture.bytes("audit-logs/webhook/batch-3.json")
        for length in stride(from: 1, to: body.count - 1, by: 997) {
            #expect(throws: MalformedEvent.self) { try scan(Array(body[..<length])) }
        }
    }

    private static let scan =
        #"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403},"auditID":"scan"}"#

    private static func list(_ items: [[UInt8]]) -> [UInt8] {
        Array(#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":["#.utf8)
            + items.joined(separator: [UInt8(ascii: ",")]) + Array("]}".utf8)
    }

    @Test(
        "lose nothing to an item with bytes that a client sent and others refuse",
        arguments: OddText.inStrings.map { Array("\"".utf8) + $0 + Array("\"".utf8) }
            + OddText.numbers.map { Array($0.utf8) })
    func oddItems(value: [UInt8]) throws {
        let odd =
            Array(#"{"auditID":"odd","user":{"groups":["system:unauthenticated"]},"requestObject":{"data":"#.utf8)
            + value + Array(#"},"responseStatus":{"code":403}}"#.utf8)
        let found = try scan(Self.list([Array(Self.scan.utf8), odd, Array(Self.scan.utf8)]))
        #expect(found.events.map(\.event.auditID) == ["scan", "odd", "scan"])
        #expect(found.malformedCount == 0)
        #expect(found.lines == 3)
    }

    @Test("lose only the items that cannot be read, and describe them")
    func brokenItems() throws {
        let broken = [
            #"{"user":{"groups":["system:unauthenticated"],},"responseStatus":{"code":403}}"#, "7", "null",
            #"{"x":"system:unauthenticated","requestObject":{"a" 1}}"#,
        ].map { Array($0.utf8) }
        let found = try scan(Self.list([Array(Self.scan.utf8)] + broken + [Array(Self.scan.utf8)]))
        #expect(found.events.count == 2)
        #expect(found.lines == 6)
        #expect(
            found.malformed.map(\.reason) == [
                "item 1: invalid JSON at byte 45 of the event", "item 2: not a JSON object",
                "item 3: not a JSON object", "item 4: invalid JSON at byte 51 of the event",
            ])
    }

    @Test("read a field of the event's own as Go's decoder does, whether a byte or an escape is odd")
    func ownFields() throws {
        let event = { (agent: [UInt8]) in
            Array(#"{"userAgent":"a"#.utf8) + agent + Array(#"b",\#(Self.scan.dropFirst())"#.utf8)
        }
        let found = try scan(Self.list([event([0xFF]), event(Array(#"\ud800"#.utf8)), event(Array("\u{FFFD}".utf8))]))
        #expect(found.events.map(\.event.userAgent) == ["a\u{FFFD}b", "a\u{FFFD}b", "a\u{FFFD}b"])
    }

    @Test("may hold more items than are remembered, and more malformed ones than are described")
    func manyItems() throws {
        let items = Array(repeating: Array("[0]".utf8), count: 50_000) + [Array(Self.scan.utf8)]
        let found = try scan(Self.list(items))
        #expect(found.lines == 50_001)
        #expect(found.malformedCount == 50_000)
        #expect(found.malformed.count == ScannedEvents.describedMalformedLimit)
        #expect(found.events.count == 1)
    }

    @Test("are recognised however their kind and version are spelled, and the last of several values holds")
    func header() throws {
        for (header, isList) in [
            (#""k\u0069nd":"Event\u004cist","apiVersion":"audit.k8s.io\/v1""#, true),
            (#""kind":[0],"kind":"EventList","apiVersion":7,"apiVersion":"audit.k8s.io/v1""#, true),
            (#""kind":"EventList","kind":[0],"apiVersion":"audit.k8s.io/v1""#, false),
            (#""kind":"EventList","apiVersion":"audit.k8s.io/v1","kind":"EventListx""#, false),
        ] {
            let found = try? scan(Array("{\(header),\"items\":[\(Self.scan)]}".utf8))
            #expect(found?.events.count == (isList ? 1 : nil), "\(header)")
        }
    }

    @Test("contain events without a user, printed over lines and with keys in any order")
    func withoutUser() throws {
        var scanner = EventScanner(selecting: [EventSelector.withoutUser(responseCode: 401)])
        let body = Array(
            """
            {"items": [
              {"responseStatus": {"code":
                401
              }, "user": {}, "auditID": "a"},
              {"responseStatus": {"code": 4010}, "user": {}, "auditID": "b"},
              {"user": {"username": "x"}, "responseStatus": {"code": 401}, "auditID": "c"},
              {"auditID": "d", "responseStatus": {"code":401}}
            ], "kind": "EventList", "apiVersion": "audit.k8s.io/v1"}
            """.utf8)
        let found = try scanner.scan(eventList: body.span.bytes)
        #expect(found.events.map(\.event.auditID) == ["a", "d"])
        #expect(found.lines == 4)
        #expect(found.malformedCount == 0)
    }
}
