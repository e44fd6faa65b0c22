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
            ("", "no JSON found"),
            ("[]", "not a JSON object"),
            (#"{"kind":"EventList","apiVersion":"v1","items":[]}"#, "apiVersion is neither"),
            (#"{"kind":"Event","apiVersion":"audit.k8s.io/v1"}"#, "kind is not EventList"),
            (#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":{}}"#, "items is not an array"),
            (#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{},7]}"#, "item 1: an item is not"),
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
}
