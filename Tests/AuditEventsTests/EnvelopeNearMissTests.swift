import AuditEvents
import Testing
import TestSupport

/// Records that look almost like envelopes of the API server's audit, or whose text is almost an event.
@Suite("An envelope that is not exactly one of the table")
struct EnvelopeNearMissTests {
    private static let event =
        #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseComplete","user":{"username":"system:anonymous","groups":["system:unauthenticated"]},"sourceIPs":["192.0.2.66"],"responseStatus":{"code":403}}"#

    /// As a JSON string.
    private static func text(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }

    private static let embedded = text(event)
    private static let list = #""kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[\#(event)]"#
    private static let pod = #"{"namespace_name":"shop","container_name":"web"}"#
    private static let dottedServer =
        #""kubernetes.namespace_name":"kube-system","kubernetes.container_name":"kube-apiserver""#
    private static let manyKeys = (0..<5000).map { #""k\#($0)":1"# }.joined(separator: ",")

    private func scan(_ record: String, as format: AuditFormat) -> ScannedEvents {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        return scanner.scan(lines: Array(record.utf8).span.bytes, as: format)
    }

    /// Levels are searched for items; each of many thousand ones would be searched to the end of the bytes.
    @Test("of many levels that goes on is left over at once", .timeLimit(.minutes(1)))
    func levels() {
        let text = String(repeating: #"{"a":"#, count: 9000) + "\"" + String(repeating: "x", count: 4 << 20)
        let bytes = Array(text.utf8)
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        let found = scanner.scan(lines: bytes.span.bytes, isLast: false)
        #expect(found.rest == bytes.count && found.lines == 0)
    }

    enum Kind: String { case event, foreign, truncated, malformed }

    @Test(
        "is read only if it is one",
        arguments: [
            (.fluentBit, #"{"date":1,"log":\#(embedded)}"#, .event),
            (.fluentBit, #"{"date":1,"log":\#(embedded),"log":\#(embedded)}"#, .malformed),
            (.fluentBit, #"{"date":1,"log":\#(text(embedded))}"#, .malformed),
            (.fluentBit, #"{"date":1,"log":\#(text(event + event))}"#, .malformed),
            (.fluentBit, #"{"date":1,"log":\#(text("x" + event))}"#, .malformed),
            (.fluentBit, #"{"date":1,"log":\#(text(String(event.dropLast())))}"#, .truncated),
            (.fluentBit, #"{"date":1,"log":\#(text(String(event.dropLast(30)) + "[Truncated...]"))}"#, .truncated),
            (.fluentBit, #"{"date":1,"log":\#(text(event + "[Truncated...]"))}"#, .malformed),
            (.fluentBit, #"{"date":1,"log":\#(text(event + "\n"))}"#, .event),
            (.fluentBit, #"{"date":1,"log":\#(embedded),"stream":"stderr"}"#, .foreign),
            (
                .fluentBit,
                #"{"date":1,"log":\#(embedded),"kubernetes":{"namespace_name":"kube-system","container_name":"x"}}"#,
                .foreign
            ),
            (.fluentBit, #"{"date":1,"log":\#(embedded),"kubernetes":{"namespace_name":"kube-system"}}"#, .foreign),
            (.auto, String(event.dropLast()) + #","kubernetes":{"container_name":"x"}}"#, .foreign),
            (.auto, String(event.dropLast()) + #","log_type":"infrastructure"}"#, .foreign),
            (.auto, String(event.dropLast()) + #","kubernetes":"x"}"#, .foreign),
            (.auto, String(event.dropLast()) + #","kubernetes":null}"#, .event),
            // A pod's keys, and those of the shipper.
            (.auto, String(event.dropLast()) + #",\#(dottedServer),"kubernetes":\#(pod)}"#, .malformed),
            (.auto, String(event.dropLast()) + #","kubernetes":\#(pod),"kubernetes":1}"#, .malformed),
            (.auto, String(event.dropLast()) + #",\#(manyKeys),"kubernetes":\#(pod)}"#, .malformed),
            (.auto, String(event.dropLast()) + #",\#(manyKeys)}"#, .event),
            (.auto, #"{\#(list),"kubernetes":\#(pod)}"#, .foreign),
            (.auto, #"{\#(list)}"#, .event),
            (.auto, #"{"category":"kube-audit","properties":{"log":\#(embedded)},"kubernetes":\#(pod)}"#, .foreign),
            (.auto, #"{"category":"kube-audit","properties":{"log":\#(embedded)},\#(manyKeys)}"#, .malformed),
            (.auto, #"{"category":"kube-audit","properties":{"log":"{}"},"properties.log":\#(embedded)}"#, .malformed),
            (.fluentBit, #"{"date":1,"log":\#(embedded),"logtag":"P"}"#, .truncated),
            (.fluentBit, #"{"date":1,"log":\#(embedded),"logtag":"F"}"#, .event),
            (.fluentd, "2024-05-01T10:00:01Z\ta\t" + #"{"message":\#(embedded),"logtag":"P"}"#, .truncated),
            (.journald, #"{"__REALTIME_TIMESTAMP":"1","_LINE_BREAK":"line-max","MESSAGE":\#(embedded)}"#, .truncated),
            (.journald, #"{"__REALTIME_TIMESTAMP":"1","_LINE_BREAK":"line-max","MESSAGE":"x"}"#, .foreign),
            (.journald, #"{"__REALTIME_TIMESTAMP":"1","_LINE_BREAK":"eof","MESSAGE":\#(embedded)}"#, .event),
            (.auto, #"{"date":1,"log":\#(embedded)}"#, .malformed),
            (.auto, #"{"log":\#(embedded)}"#, .malformed),
            (.fluentBit, #"{"log":\#(embedded)}"#, .event),
            (.fluentBit, #"{"@timestamp":1.5,"log":\#(embedded)}"#, .event),
            (.fluentd, #"{"message":\#(embedded)}"#, .event),
            (
                .eks,
                #"{"messageType":"DATA_MESSAGE","logStream":"kube-apiserver-1","logEvents":[{"message":\#(embedded)}]}"#,
                .foreign
            ),
            (
                .auto,
                #"{"messageType":"CONTROL_MESSAGE","logStream":"kube-apiserver-audit-1","logEvents":[{"message":\#(embedded)}]}"#,
                .foreign
            ),
            (
                .auto,
                #"{"messageType":"DATA_MESSAGE","logStream":"kube-apiserver-audit-1","logStream":"kube-apiserver-audit-1","logEvents":[{"message":\#(embedded)}]}"#,
                .malformed
            ),
            (.auto, #"{"records":[{"category":"guard","properties":{"log":\#(embedded)}}]}"#, .foreign),
            (.auto, #"{"records":[{"properties":{"category":"kube-audit","log":\#(embedded)}}]}"#, .foreign),
            (.auto, #"{"records":[{"category":"kube-audit","properties":{"log":\#(embedded)}}],"x":1}"#, .malformed),
            (.auto, #"{"records":[{"category":"kube-\u0061udit","properties":{"log":\#(embedded)}}]}"#, .event),
            (.docker, #"{"log":\#(text(event + "\n")),"stream":"stdout","time":"t"}"#, .event),
            (.docker, #"{"log":\#(text(event + "\n")),"stream":"stderr","time":"t"}"#, .foreign),
            (.docker, #"{"log":\#(embedded),"stream":"stdout","time":"t"}"#, .truncated),
            (.docker, #"{"log":\#(text(event + "\n")),"stream":"stdout","time":"t","x":1}"#, .malformed),
            (.cri, "2024-05-01T10:00:00.000000000Z stdout F " + event, .event),
            (.cri, "2024-05-01T10:00:00.000000000Z stderr F " + event, .foreign),
            (.cri, "2024-05-01T10:00:00.000000000Z stdout P " + event, .truncated),
            (.cri, "2024-05-01T10:00:00.000000000Z stderr F ", .foreign),
            (.cri, "2024-05-01T10:00:00.000000000Z stderr F \r", .foreign),
            (.cri, "x2024-05-01T10:00:00.000000000Z stdout F " + event, .malformed),
            (.syslog, "<13>May  1 10:00:00 host tag: " + event, .event),
            (.syslog, "<13>May  1 10:00:00 host tag: x", .foreign),
            (.syslog, "<13>May  1 10:00:00 host tag: x " + embedded, .foreign),
            // A client chose the Audit-ID, which is the PROCID: "x y -". The event is not hidden without a trace.
            (.syslog, "<110>1 2024-05-01T10:00:00Z cp-1 kubeAPI 0a4f-1 kubeAPI - " + event, .event),
            (.syslog, "<110>1 2024-05-01T10:00:00Z cp-1 kubeAPI x y - kubeAPI - " + event, .malformed),
            (
                .syslog, "<110>1 2024-05-01T10:00:00Z cp-1 kubeAPI x y - \\\"audit.k8s.io/ kubeAPI - " + event,
                .malformed
            ),
            (.syslog, "<110>1 2024-05-01T10:00:00Z cp-1 kubeAPI x y kubeAPI - " + event, .malformed),
            (.syslog, "<13>May  1 10:00:00 host tag: {\"a\":" + event + "}", .malformed),
            (.journald, #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":\#(text("x" + event))}"#, .malformed),
            (.journald, #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":\#(text("x" + embedded))}"#, .foreign),
            (.syslog, "<13>1 2024-05-01T10:00:00Z host app 1 2 [a b=\"]\"] " + event, .malformed),
            (.nodeLogs, "node-1 " + event, .event),
            (.nodeLogs, "node 1 " + event, .malformed),
            (.journald, #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":null}"#, .foreign),
            (.journald, #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":[256]}"#, .malformed),
            (
                .otlp, #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":\#(embedded)}}]}]}]}"#,
                .event
            ),
            (
                .otlp,
                #"{"resourceLogs":[{"resource":{"attributes":[{"key":"k8s.namespace.name","value":{"stringValue":"x"}}]},"scopeLogs":[{"logRecords":[{"body":{"stringValue":\#(embedded)}}]}]}]}"#,
                .foreign
            ),
            (.loki, #"{"labels":{"container":"x"},"line":\#(embedded),"timestamp":"t"}"#, .foreign),
        ] as [(AuditFormat, String, Kind)])
    func record(format: AuditFormat, record: String, kind: Kind) {
        let found = scan(record, as: format)
        #expect(found.events.count == (kind == .event ? 1 : 0), "\(record)")
        #expect(found.foreign == (kind == .foreign ? 1 : 0), "\(record)")
        #expect(found.truncated == (kind == .truncated ? 1 : 0), "\(record)")
        #expect(found.malformedCount == (kind == .malformed ? 1 : 0), "\(record): \(found.malformed)")
    }
}
