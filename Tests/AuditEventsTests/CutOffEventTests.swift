import AuditEvents
import Testing
import TestSupport

/// A client can make its event long, and choose the byte at which a shipper or a service cuts it off.
@Suite("An event that was cut off before its user and its code")
struct CutOffEventTests {
    private static let user = #""user":{"username":"system:anonymous","groups":["system:unauthenticated"]}"#

    private static func event(path: String, code: Int = 403, user: String = user) -> String {
        #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete","#
            + #""requestURI":"\#(path)","verb":"get",\#(user),"sourceIPs":["192.0.2.66"],"#
            + #""objectRef":{"resource":"pods","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":\#(code)},"#
            + #""requestReceivedTimestamp":"2026-11-30T09:00:00.000001Z","#
            + #""stageTimestamp":"2026-11-30T09:00:00.000002Z","annotations":{"a":"b"}}"#
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static let wrappers: [(format: AuditFormat, wrap: @Sendable (String) -> String)] = [
        (.auto, { $0 }),
        (.auto, { #"{"category":"kube-audit","properties":{"log":\#(quoted($0))}}"# }),
        (.cri, { "2026-11-30T09:00:00.1Z stdout F " + $0 }),
        (.syslog, { "<110>Nov 30 09:00:00 cp-1 k8s-audit: " + $0 }),
        (.fluentBit, { #"{"date":1,"log":\#(quoted($0))}"# }),
        (.fluentBit, { #"kube.audit: [1.5, {"log":\#(quoted($0))}]"# }),
        (.fluentd, { "2026-11-30T09:00:00Z\tkube.audit\t" + #"{"message":\#(quoted($0))}"# }),
        (.vector, { #"{"message":\#(quoted($0)),"source_type":"file","timestamp":"t"}"# }),
        (.loki, { #"{"labels":{},"line":\#(quoted($0)),"timestamp":"t"}"# }),
        (.gelf, { #"{"version":"1.1","host":"h","short_message":\#(quoted($0))}"# }),
        (.otlp, { #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":\#(quoted($0))}}]}]}]}"# }),
    ]

    private func scan(_ text: String, as format: AuditFormat) -> ScannedEvents {
        var scanner = EventScanner(selecting: [
            EventSelector(group: "system:unauthenticated", responseCode: 403), .withoutUser(responseCode: 401),
        ])
        return scanner.scan(lines: Array(text.utf8).span.bytes, as: format)
    }

    private func expectLoss(of cut: String, sourceLocation: SourceLocation = #_sourceLocation) {
        for (format, wrap) in Self.wrappers {
            let found = scan(wrap(cut), as: format)
            let lost = found.truncated + found.malformedCount
            let text = Comment(rawValue: "\(format): \(cut.count) bytes, \(cut.suffix(30))")
            #expect(found.events.isEmpty && lost == 1 && found.lines == 1, text, sourceLocation: sourceLocation)
        }
    }

    @Test(
        "is not passed over because its path looks like the end of an event",
        arguments: [
            "}", #"\"}}"#, #"\\\"}}"#, #"\"stageTimestamp\":\"2026-11-30T09:00:00.000002Z\"}"#, "\\\\}}",
        ])
    func hiddenByPath(end: String) {
        for length in [10, 100, 2000, 9000, 20_000] {
            expectLoss(
                of: Self.event(path: "/" + String(repeating: end, count: length / end.count + 2)).cut(behind: end))
        }
    }

    /// Without a user, its code is the only text that is searched for.
    @Test("at any byte counts as lost")
    func everyByte() {
        let whole = Self.event(path: "/a", code: 401, user: #""user":{}"#)
        for count in 1..<whole.utf8.count { expectLoss(of: String(whole.prefix(count))) }
    }

    @Test("is no other event than one that was not cut off")
    func whole() {
        let user = #""user":{"username":"a","groups":["b"]}"#
        let ends = [
            #""annotations":{"a":"b"}}"#, #""x":1}"#, #""annotations":{"a":"\\"}}"#, #""annotations":{}}"#,
            #""stageTimestamp":"2026-11-30T09:00:00.000002Z"}"#,
        ]
        for (format, wrap) in Self.wrappers {
            for end in ends {
                let event = Self.event(path: "/a", code: 200, user: user).replacing(
                    #""annotations":{"a":"b"}}"#, with: end)
                let found = scan(wrap(event), as: format)
                #expect(found.truncated == 0 && found.malformedCount == 0 && found.lines == 1, "\(format): \(end)")
            }
        }
    }
}

extension String {
    /// The text up to the last occurrence of another one.
    fileprivate func cut(behind end: String) -> String {
        ranges(of: end).dropLast().last.map { String(self[..<$0.upperBound]) } ?? self
    }
}
