import AuditEvents
import Testing
import TestSupport

@Suite("Request identities")
struct RequestIdentityTests {
    private let key = SipHash128.Key(first: 1, second: 2)
    private let event = AuditEvent(
        auditID: "a", stage: "ResponseStarted", requestURI: "/api", verb: "get", sourceIPs: ["192.0.2.1"],
        userAgent: "curl", requestReceivedTimestamp: "2026-11-23T23:10:06.716266Z", stageTimestamp: "t")

    @Test("differ if any of the six fields differs")
    func differ() {
        var others = [AuditEvent](repeating: event, count: 8)
        others[0].auditID = "b"
        others[1].requestURI = "/apis"
        others[2].verb = "list"
        others[3].sourceIPs = ["192.0.2.2"]
        others[4].sourceIPs = ["192.0.2.1", ""]
        others[5].userAgent = "wget"
        others[6].userAgent = nil
        others[7].requestReceivedTimestamp = "2026-11-23T23:10:06.716267Z"
        for other in others {
            #expect(RequestIdentity(of: other, key: key) != RequestIdentity(of: event, key: key), "\(other)")
        }
    }

    @Test("are the same in every stage, unlike the identities of events")
    func stages() {
        var other = event
        other.stage = "ResponseComplete"
        let request = RequestIdentity(of: event, key: key)
        #expect(RequestIdentity(of: other, key: key) == request)
        #expect(
            EventIdentity(of: other, request: request, key: key) != EventIdentity(of: event, request: request, key: key)
        )
    }

    @Test(
        "are complete only with an ID and times to the microsecond",
        arguments: [
            ("a", "2026-11-23T23:10:06.716266Z", "2026-11-23T23:10:06.720963Z", true),
            ("a", "2026-11-23T23:10:06.716266+01:00", "2026-11-23T23:10:06.720963001Z", true),
            ("", "2026-11-23T23:10:06.716266Z", "2026-11-23T23:10:06.720963Z", false),
            ("a", "", "2026-11-23T23:10:06.720963Z", false), ("a", "2026-11-23T23:10:06.716266Z", "", false),
            ("a", "2026-11-23T23:10:06Z", "2026-11-23T23:10:06.720963Z", false),
            ("a", "2026-11-23T23:10:06.716266Z", "2026-11-23T23:10:06.720Z", false),
            ("a", "2026-11-23T23:10:06.71626Z", "2026-11-23T23:10:06.720963Z", false),
            ("a", "1795475406.716266", "2026-11-23T23:10:06.720963Z", false),
        ])
    func complete(id: String, received: String, reached: String, isComplete: Bool) {
        let line = """
            {"auditID":"\(id)","user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403},\
            "requestReceivedTimestamp":"\(received)","stageTimestamp":"\(reached)"}
            """
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        let found = scanner.scan(lines: Array(line.utf8).span.bytes)
        #expect(found.events.map(\.event.hasCompleteIdentity) == [isComplete])
    }

    @Test(
        "are complete for every event that an API server wrote",
        arguments: ["metadata.log", "webhook/batch-3.json", "webhook/batch-4.json"])
    func realEvents(name: String) throws {
        let bytes = try Fixture.bytes("audit-logs/\(name)")
        // Every answer to an anonymous client.
        var scanner = EventScanner(selecting: [
            EventSelector(group: "system:unauthenticated", responseCodes: 100...599)
        ])
        let found =
            name.hasSuffix(".json")
            ? try scanner.scan(eventList: bytes.span.bytes) : scanner.scan(lines: bytes.span.bytes)
        #expect(!found.events.isEmpty)
        #expect(found.events.allSatisfy { $0.event.hasCompleteIdentity })
        #expect(found.malformedCount == 0)
    }

    @Test("separate adjacent fields")
    func borders() {
        var one = event
        var two = event
        (one.verb, one.requestURI) = ("get/", "api")
        (two.verb, two.requestURI) = ("get", "/api")
        #expect(RequestIdentity(of: one, key: key) != RequestIdentity(of: two, key: key))
    }

    @Test("use SipHash-2-4-128 according to its authors' test vectors")
    func testVectors() {
        // Key 00 01 .. 0f; input 00 01 .. n-1, n = 0, 1, 8, 15.
        let key = SipHash128.Key(first: 0x0706_0504_0302_0100, second: 0x0f0e_0d0c_0b0a_0908)
        let digest = { (count: Int) in
            var hash = SipHash128(key: key)
            let bytes = (0..<count).map { UInt8($0) }
            hash.combine(bytes: bytes.span.bytes)
            return hash.digest()
        }
        #expect(
            digest(0)
                == expected([
                    0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93,
                ]))
        #expect(
            digest(1)
                == expected([
                    0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45,
                ]))
    }

    @Test("do not depend on how the bytes are split")
    func chunking() {
        let bytes = (0..<61).map { UInt8($0) }
        var whole = SipHash128(key: key)
        whole.combine(bytes: bytes.span.bytes)
        for border in 0...61 {
            var parts = SipHash128(key: key)
            parts.combine(bytes: bytes.span.bytes.extracting(0..<border))
            parts.combine(bytes: bytes.span.bytes.extracting(border..<61))
            #expect(parts.digest() == whole.digest())
        }
    }

    private func expected(_ bytes: [UInt8]) -> SipHash128.Digest {
        var digest = SipHash128(key: key).digest()
        digest.first = bytes[..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        digest.second = bytes[8...].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        return digest
    }
}
