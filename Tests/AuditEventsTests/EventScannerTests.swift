import AuditEvents
import Testing
import TestSupport

@Suite("The event scanner")
struct EventScannerTests {
    private static let counted =
        #"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403},"stageTimestamp":"2026-11-23T23:10:06Z"}"#

    private func scan(_ text: String) -> ScannedEvents {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        return scanner.scan(lines: Array(text.utf8).span.bytes)
    }

    @Test("reads every field of an event, with its escapes resolved")
    func allFields() {
        let line = #"""
            {"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"a1","stage":"ResponseComplete","requestURI":"/api?a=1\u0026b=\"2\"","verb":"list","user":{"username":"system:anonymous","groups":["x","system:unauthenticated"]},"sourceIPs":["198.51.100.7","127.0.0.10"],"userAgent":"curl \\ \ud83d\ude00","responseStatus":{"metadata":{},"status":"Failure","message":"no","reason":"Forbidden","code":403},"requestReceivedTimestamp":"2026-11-23T23:10:06.716266Z","stageTimestamp":"2026-11-23T23:10:06.720963Z","annotations":{}}
            """#
        let found = scan(line)
        #expect(
            found.events.map(\.event) == [
                AuditEvent(
                    auditID: "a1", stage: "ResponseComplete", requestURI: #"/api?a=1&b="2""#, verb: "list",
                    username: "system:anonymous", groups: ["x", "system:unauthenticated"],
                    sourceIPs: ["198.51.100.7", "127.0.0.10"], userAgent: #"curl \ 😀"#, responseCode: 403,
                    responseStatus: "Failure", responseReason: "Forbidden", responseMessage: "no",
                    requestReceivedTimestamp: "2026-11-23T23:10:06.716266Z",
                    stageTimestamp: "2026-11-23T23:10:06.720963Z")
            ])
        #expect(found.lastEventTimestamp == 1_795_475_406.720963)
    }

    @Test("does not confuse an impersonated user's groups with the user's own")
    func impersonation() {
        let found = scan(
            #"{"user":{"groups":["system:masters"]},"impersonatedUser":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403}}"#
        )
        #expect(found.events.isEmpty)
        #expect(found.malformedCount == 0)
    }

    @Test(
        "does not count text that looks like an event: in a string, in a nested object, in another list",
        arguments: [
            #"{"userAgent":"{\"user\":{\"groups\":[\"system:unauthenticated\"]},\"responseStatus\":{\"code\":403}}","user":{},"responseStatus":{"code":403}}"#,
            #"{"user":{},"responseStatus":{"code":403},"requestObject":{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403}}}"#,
            #"{"annotations":{"groups":["system:unauthenticated"]},"user":{"extra":{"groups":["system:unauthenticated"]}},"responseStatus":{"code":403}}"#,
            #"{"user":{"groups":"system:unauthenticated"},"responseStatus":{"code":403}}"#,
            #"{"user":{"groups":["system:unauthenticated2"]},"responseStatus":{"code":403}}"#,
            #"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"details":{"code":403}}}"#,
        ])
    func lookalikes(line: String) {
        let found = scan(line)
        #expect(found.events == [])
        #expect(found.malformedCount == 0)
    }

    @Test("uses the last value of a duplicate key, as the API server's own decoder does")
    func duplicateKeys() {
        #expect(
            scan(#"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403},"user":{}}"#).events
                == [])
        #expect(
            scan(#"{"user":{},"responseStatus":{"code":403},"user":{"groups":["system:unauthenticated"]}}"#).events
                .count
                == 1)
    }

    @Test("counts non-empty lines, and reports the position of malformed ones")
    func malformed() {
        let text = "\n{}\r\n  \nnot json\n\(Self.counted)\n{\"user\":\"system:unauthenticated\n[1]\n{\"cut\":"
        let found = scan(text)
        #expect(found.lines == 6)
        #expect(found.events.count == 1)
        let base = 8 + 9 + Self.counted.utf8.count + 1
        #expect(
            found.malformed == [
                MalformedEvent(offset: 8, reason: "not a JSON object"),
                MalformedEvent(offset: base, reason: "audit event is cut off"),
                MalformedEvent(offset: base + 33, reason: "an item that is not an object"),
                MalformedEvent(offset: base + 36, reason: "audit event is cut off"),
            ])
    }

    @Test("describes only the first malformed lines and counts all")
    func manyMalformed() {
        let found = scan(String(repeating: "x\n", count: 1000))
        #expect(found.malformedCount == 1000)
        #expect(found.malformed.count == ScannedEvents.describedMalformedLimit)
    }

    @Test("finds an event in a line of 16 MiB, and ordinary lines after it")
    func hugeLine() {
        let padding = String(repeating: "x", count: 16 << 20)
        let huge = #"{"requestObject":"\#(padding)","# + Self.counted.dropFirst()
        #expect(scan("\(huge)\n\(Self.counted)\n").events.count == 2)
    }

    @Test("reads nesting up to the limit of the API server's decoder, and reports deeper nesting as malformed")
    func deepNesting() {
        let nested = { (depth: Int) in
            #"{"requestObject":\#(String(repeating: "[", count: depth))\#(String(repeating: "]", count: depth)),"#
                + Self.counted.dropFirst()
        }
        #expect(scan(nested(9_000)).events.count == 1)
        #expect(scan(nested(100_000)).malformedCount == 1)
    }

    @Test("returns the time of the last line, selected or not")
    func lastTimestamp() {
        let found = scan(Self.counted + "\n" + #"{"stageTimestamp":"2026-11-23T23:10:07.5Z"}"# + "\n\n")
        #expect(found.lastEventTimestamp == 1_795_475_407.5)
    }

    @Test("finds nothing in an empty input")
    func empty() {
        #expect(scan("") == ScannedEvents())
        #expect(scan("\n \n\t\r\n") == ScannedEvents())
    }

    @Test("says which of several selectors matches an event, the first where several do")
    func severalSelectors() {
        var scanner = EventScanner(selecting: [
            EventSelector(group: "system:unauthenticated", responseCode: 403),
            EventSelector(group: "nobody", responseCodes: 401...403),
            EventSelector(group: "system:unauthenticated", responseCodes: 100...403),
            EventSelector.withoutUser(responseCode: 401),
        ])
        let line = { (name: String, groups: String, code: Int) in
            #"{"user":{"username":"\#(name)","groups":["\#(groups)"]},"responseStatus":{"code":\#(code)}}"# + "\n"
        }
        let text =
            line("a", "system:unauthenticated", 403) + line("a", "n\\u006fbody", 401)
            + line("a", "system:un\\u0061uthenticated", 200) + line("a", "x", 401) + line("", "x", 401)
            + line("a", #"nobody","system:unauthenticated"#, 403) + line("", "x", 404) + line("a", "nobody", 404)
        let found = scanner.scan(lines: Array(text.utf8).span.bytes)
        #expect(found.events.map(\.selector) == [0, 1, 2, 3, 0])
        #expect(found.malformedCount == 0)
    }

    @Test("takes a byte that is not UTF-8, a lone surrogate and U+FFFD for the same text, as Go does")
    func replacedText() {
        let texts: [[UInt8]] = [[0xFF], Array(#"\udead"#.utf8), Array(#"\ufffd"#.utf8), Array("\u{FFFD}".utf8)]
        for text in texts {
            var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
            let line =
                Array(#"{"userAgent":"a"#.utf8) + text + Array(#"b","#.utf8) + Array(Self.counted.utf8.dropFirst())
            let found = scanner.scan(lines: line.span.bytes)
            #expect(found.events.map(\.event.userAgent) == ["a\u{FFFD}b"])
        }
    }
}
