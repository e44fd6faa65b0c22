import AuditEvents
import Testing
import TestSupport

/// What an envelope says of the program that wrote the text in it, and whether the text is a piece.
@Suite("An envelope that names its writer")
struct EnvelopeWriterTests {
    private static let event =
        #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseComplete","user":{"username":"system:anonymous","groups":["system:unauthenticated"]},"sourceIPs":["192.0.2.66"],"responseStatus":{"code":403}}"#
    private static let text = "\"" + event.replacing("\"", with: "\\\"") + "\""
    private static let longEvent = event.dropLast() + #","x":"\#(String(repeating: "x", count: 16 << 10))"}"#
    private static let longText = "\"" + longEvent.replacing("\"", with: "\\\"") + "\""

    private func scan(_ record: String, as format: AuditFormat) -> ScannedEvents {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        return scanner.scan(lines: Array(record.utf8).span.bytes, as: format)
    }

    private static func otlp(_ attributes: [(String, String)]) -> String {
        let list = attributes.map { #"{"key":"\#($0)","value":{"stringValue":"\#($1)"}}"# }.joined(separator: ",")
        return
            #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[\#(list)],"body":{"stringValue":\#(text)}}]}]}]}"#
    }

    private static func loki(_ labels: String) -> String {
        #"{"labels":{\#(labels)},"line":\#(text),"timestamp":"t"}"#
    }

    private static func bare(_ keys: String) -> String { event.dropLast() + ",\(keys)}" }
    private static func record(_ keys: String) -> String { #"{"date":1,"log":\#(text),\#(keys)}"# }
    private static func gelf(_ keys: String) -> String {
        #"{"version":"1.1","host":"h","short_message":\#(text),\#(keys)}"#
    }
    private static func journal(_ keys: String) -> String {
        #"{"__REALTIME_TIMESTAMP":"1","MESSAGE":\#(text),\#(keys)}"#
    }
    private static func splunk(_ keys: String) -> String { #"{"time":1,"event":\#(event),\#(keys)}"# }
    private static func filebeat(_ keys: String) -> String {
        #"{"message":\#(text),"@timestamp":"t","agent":{"type":"filebeat"},\#(keys)}"#
    }

    private static let podPath = "/var/log/pods/shop_kube-apiserver-1_1-2/kube-apiserver/0.log"
    private static let serverPath = "/var/log/pods/kube-system_kube-apiserver-cp-1.example.com_1-2/kube-apiserver/0.log"
    private static let podLink = "/var/log/containers/kube-apiserver-1_shop_kube-apiserver-0a.log"
    private static let podLinkName = "kube-apiserver-1_shop_kube-apiserver-\(String(repeating: "0a", count: 32)).log"
    private static let serverLinkName = podLinkName.replacing("_shop_", with: "_kube-system_")
    private static let serverLink =
        "/var/log/containers/kube-apiserver-cp-1.example.com_kube-system_kube-apiserver-0a.log"

    @Test(
        "is foreign if that is another container",
        arguments: [
            (.auto, bare(#""kubernetes.namespace_name":"default","kubernetes.container_name":"evil""#)),
            (.auto, bare(#""kuberne\u0074es.container_name":"evil""#)), (.auto, bare(#""k8s_container_name":"evil""#)),
            (.auto, bare(#""kubernetes_namespace_name":"kube-system""#)), (.auto, bare(#""stream":"stderr""#)),
            (.auto, bare(#""kubernetes":{"pod_name":"evil"}"#)), (.auto, bare(#""source":"stderr""#)),
            (.auto, bare(#""file":"\#(podPath)""#)),
            (.fluentBit, record(#""kubernetes":{"pod_name":"evil"}"#)),
            (.fluentBit, record(#""kubernetes":{"pod_name":"kube-apiserver-1"}"#)),
            (.fluentBit, record(#""container_name":"/evil""#)), (.fluentBit, record(#""source":"stderr""#)),
            (.fluentBit, record(#""filepath":"\#(podLink)""#)),
            (
                .fluentBit,
                #"kube.var.log.containers.kube-apiserver-1_shop_kube-apiserver-1.log: [1.0, {"log":\#(text)}]"#
            ),
            (.fluentd, "2026-11-30T09:00:00Z\tkubernetes.var.log.containers.a_b_c-1.log\t" + #"{"message":\#(text)}"#),
            (.gelf, gelf(#""_kubernetes_namespace_name":"default","_kubernetes_container_name":"evil""#)),
            (.gelf, gelf(#""_container_name":"evil""#)),
            (.loki, loki(#""k8s_namespace_name":"default","k8s_container_name":"evil""#)),
            (.loki, loki(#""pod":"evil""#)),
            (.loki, loki(#""namespace_name":"default""#)), (.loki, loki(#""filename":"\#(podPath)""#)),
            (.loki, loki(#""unit":"session-3.scope""#)),
            (.loki, loki(#""instance":"default/kube-apiserver-1:kube-apiserver""#)),
            (.loki, #"{"labels":{},"structuredMetadata":{"pod":"evil"},"line":\#(text),"timestamp":"t"}"#),
            (.loki, #"{"streams":[{"stream":{},"values":[["1",\#(text),{"pod":"evil"}]]}]}"#),
            (
                .loki,
                #"{"streams":[{"stream":{},"values":[["1",\#(text),{"structuredMetadata":{"filename":"\#(podPath)"}}]]}]}"#
            ),
            (
                .fluentBit,
                record(#""namespace_name":"shop","pod_name":"kube-apiserver-1","container_name":"kube-apiserver""#)
            ),
            (.fluentBit, record(#""pod_name":"kube-apiserver-1""#)),
            (.fluentBit, record(#""namespace":"shop","pod":"kube-apiserver-1","container":"kube-apiserver""#)),
            (.auto, bare(#""namespace":"kube-system","container":"evil""#)),
            (.filebeat, filebeat(#""systemd":{"unit":"user@1000.service"}"#)),
            (.filebeat, filebeat(#""systemd":{"user_unit":"a.service"}"#)),
            (.otlp, otlp([("log.file.name", podLinkName)])), (.otlp, otlp([("log.file.path_resolved", podPath)])),
            (
                .otlp,
                #"{"resourceLogs":[{"scopeLogs":[{"scope":{"attributes":[{"key":"k8s.pod.name","value":{"stringValue":"a"}}]},"logRecords":[{"body":{"stringValue":\#(text)}}]}]}]}"#
            ),
            (.loki, #"{"streams":[{"stream":{"pod":"evil"},"values":[["1",\#(text)]]}]}"#),
            (.splunkHEC, splunk(#""sourcetype":"kube:container:evil""#)),
            (.splunkHEC, splunk(#""source":"\#(podLink)""#)),
            (.splunkHEC, splunk(#""fields":{"namespace":"default","container_name":"evil"}"#)),
            (.splunkHEC, splunk(#""fields":{"pod":"evil"}"#)),
            (.otlp, otlp([("k8s.pod.name", "evil")])), (.otlp, otlp([("log.file.path", podPath)])),
            (.filebeat, filebeat(#""log":{"file":{"path":"\#(podPath)"}}"#)),
            (.filebeat, filebeat(#""log":{"file":{"path":"\#(podLink.replacing("/", with: "\\/"))"}}"#)),
            (
                .elasticsearch,
                #"{"hits":{"hits":[{"_source":{"message":\#(text),"kubernetes":{"pod":{"name":"evil"}}}}]}}"#
            ),
            (.journald, journal(#""_SYSTEMD_UNIT":"user@1000.service""#)),
            (.journald, journal(#""_SYSTEMD_UNIT":"session-3.scope""#)),
            (.journald, journal(#""CONTAINER_NAME":"k8s_evil_evil_shop_1_0""#)),
        ] as [(AuditFormat, String)])
    func otherWriter(format: AuditFormat, record: String) {
        let found = scan(record, as: format)
        #expect(found.events.isEmpty && found.foreign == 1 && found.lines == 1, "\(record): \(found.malformed)")
    }

    @Test(
        "is read if that is the API server",
        arguments: [
            (.auto, bare(#""kubernetes.namespace_name":"kube-system","kubernetes.container_name":"kube-apiserver""#)),
            (.auto, bare(#""file":"\#(serverPath)","k8s_audit_level":"Metadata""#)),
            (.auto, bare(#""stream":"stdout""#)),
            (.fluentBit, record(#""filepath":"\#(serverLink)","logtag":"F","_p":"F","partial_message":"false""#)),
            (.fluentBit, record(#""container_name":"/kube-apiserver","source":"stdout""#)),
            (.fluentBit, record(#""stream":"stdout","time":"2026-11-30T09:00:00.1Z","_p":"F""#)),
            (.fluentBit, record(#""stream":"stdout","kubernetes":{}"#)),
            (
                .fluentBit,
                #"{"date":1,"log":\#(text.dropLast())\n","stream":"stdout","time":"2026-11-30T09:00:00.1Z"}"#
            ),
            (.fluentBit, record(#""container_name":"k8s_kube-apiserver_kube-apiserver-1_kube-system_1_0""#)),
            (.fluentBit, #"var.log.pods.kube-system_kube-apiserver-1_1.kube-apiserver.0.log: [1.0, {"log":\#(text)}]"#),
            (.loki, loki(#""namespace":"kube-system","container":"kube-apiserver","pod":"kube-apiserver-1""#)),
            (.loki, loki(#""instance":"kube-system/kube-apiserver-1:kube-apiserver""#)),
            (.loki, loki(#""instance":"10.0.0.1:9100""#)),
            (.loki, #"{"streams":[{"stream":{},"values":[["1",\#(text),{"trace":"x"}]]}]}"#),
            (.otlp, otlp([("log.file.name", serverLinkName)])),
            (.otlp, otlp([("log.file.name", "kube_api_audit-1.log")])),
            (.filebeat, filebeat(#""systemd":{"unit":"k3s.service"},"container":{"id":"a"},"namespace":"prod""#)),
            (
                .fluentBit,
                record(
                    #""namespace_name":"kube-system","pod_name":"kube-apiserver-1","container_name":"kube-apiserver""#)
            ),
            (.loki, loki(#""job":"kube-audit","filename":"/var/log/kubernetes/audit/audit.log""#)),
            (.splunkHEC, splunk(#""sourcetype":"kube:container:kube-apiserver","source":"\#(serverLink)""#)),
            (.splunkHEC, splunk(#""source":"/var/log/kubernetes/audit/audit.log","fields":{"cluster":"a"}"#)),
            (.otlp, otlp([("log.file.path", serverPath)])), (.journald, journal(#""_SYSTEMD_UNIT":"k3s.service""#)),
            (.journald, journal(#""CONTAINER_NAME":"kube-apiserver","_SYSTEMD_UNIT":"docker.service""#)),
            (.filebeat, filebeat(#""log":{"file":{"path":"\#(serverPath)"},"flags":["multiline"]}"#)),
        ] as [(AuditFormat, String)])
    func server(format: AuditFormat, record: String) {
        let found = scan(record, as: format)
        #expect(found.events.count == 1 && found.foreign == 0, "\(record): \(found.malformed)")
    }

    @Test(
        "is cut off if the text is a piece, even if the piece looks whole",
        arguments: [
            (.auto, bare(#""logtag":"P""#)), (.auto, bare(#""partial_message":"true""#)),
            (.fluentBit, record(#""partial_message":"true","partial_last":"true""#)),
            (.fluentBit, record(#""_p":"P""#)),
            // Docker's pieces, which Fluent Bit's parser does not join.
            (.fluentBit, record(#""stream":"stdout","time":"2026-11-30T09:00:00.1Z""#)),
            (.auto, bare(#""log":"{}","stream":"stdout","time":"2026-11-30T09:00:00.1Z""#)),
            (.fluentBit, record(#""logtag":"P:x""#)), (.fluentBit, #"a: [1.0, {"log":\#(text),"_p":"P"}]"#),
            (.fluentd, "2026-11-30T09:00:00Z\ta\t" + #"{"message":\#(text),"partial_message":"true"}"#),
            (.fluentd, "2026-11-30T09:00:00Z\ta\t" + #"{"message":\#(text),"container_partial_message":"true"}"#),
            (.vector, #"{"message":\#(text),"source_type":"docker_logs","timestamp":"t","_partial":true}"#),
            (.journald, journal(#""CONTAINER_PARTIAL_MESSAGE":"true""#)),
            (.journald, journal(#""_LINE_BREAK":"line-max""#)),
            (.filebeat, filebeat(#""log":{"flags":["multiline","partial"]}"#)),
            (.filebeat, filebeat(#""log":{"flags":["truncated"]}"#)),
            (.filebeat, filebeat(#""container":{"partial":true}"#)),
            (.otlp, otlp([("logtag", "P")])), (.gelf, gelf(#""_logtag":"P""#)), (.loki, loki(#""logtag":"P""#)),
            (.elasticsearch, #"{"hits":{"hits":[{"_source":{"message":\#(text),"log":{"flags":["partial"]}}}]}}"#),
            (.fluentBit, #"{"date":1,"log":\#(longText),"partial_message":"true"}"#),
            (.cri, "2026-11-30T09:00:00Z stdout P:x " + event),
        ] as [(AuditFormat, String)])
    func piece(format: AuditFormat, record: String) {
        let found = scan(record, as: format)
        #expect(found.events.isEmpty && found.truncated == 1 && found.lines == 1, "\(record): \(found.malformed)")
    }

    /// Fluent Bit and the OpenTelemetry collector join the pieces, and keep the mark of the first one.
    @Test(
        "is read if the text is longer than a piece, and only its mark says that it is one",
        arguments: [
            (.fluentBit, #"{"date":1,"log":\#(longText),"_p":"P"}"#), (.auto, longEvent.dropLast() + #","_p":"P"}"#),
            (.cri, "2026-11-30T09:00:00Z stdout F:x " + event),
        ] as [(AuditFormat, String)])
    func joined(format: AuditFormat, record: String) {
        #expect(scan(record, as: format).events.count == 1)
    }

    @Test("of a container may be empty, or end in white space, which is part of the text")
    func emptyPieces() {
        let spaced = Self.event.replacing("curl", with: "a  b")
        let place = spaced.firstRange(of: "a ").map(\.upperBound) ?? spaced.startIndex
        let lines =
            ["P \(Self.event)", "F ", "P ", "F \(Self.event)", "P \(spaced[..<place])", "F \(spaced[place...])"]
        let found = scan(lines.map { "2026-11-30T09:00:00Z stdout \($0)\n" }.joined(), as: .cri)
        #expect(found.events.count == 3 && found.malformedCount == 0 && found.truncated == 0, "\(found.malformed)")
    }

    @Test("of a container that ended within an event takes no other event with it")
    func tornPieces() {
        let head = #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","requestURI":"/"#
        let lines =
            ["P \(head)", "F \(Self.event)", "P \(head)", "P \(head)", "P \(Self.event.prefix(70))"]
            + ["F \(Self.event.dropFirst(70))"]
        let found = scan(lines.map { "2026-11-30T09:00:00Z stdout \($0)\n" }.joined(), as: .cri)
        #expect(found.events.count == 2 && found.truncated == 2, "\(found.malformed)")
        // An object of a client, where a piece begins.
        let client = #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","requestObject":["#
        let pieces = ["P \(client)", "P \(Self.event)", "F ]}"]
        let other = scan(pieces.map { "2026-11-30T09:00:00Z stdout \($0)\n" }.joined(), as: .cri)
        #expect(other.events.isEmpty && other.lines == 1)
    }

    @Test("of GKE is read if its log is that of audits")
    func logName() {
        let entry = { (name: String) in
            #"{"insertId":"1","logName":"projects/p/logs/\#(name)","resource":{"type":"k8s_cluster"},"timestamp":"2026-11-30T09:00:00.000001Z","protoPayload":{"serviceName":"k8s.io","authenticationInfo":{"principalEmail":"system:anonymous"},"requestMetadata":{"callerIp":"192.0.2.66"},"status":{"code":7}}}"#
        }
        #expect(scan(entry("cloudaudit.googleapis.com%2Factivity"), as: .gke).events.count == 1)
        #expect(scan(entry("mine"), as: .gke).foreign == 1)
        #expect(scan(entry(#"mine\u002flogs\/cloudaudit.googleapis.com"#), as: .gke).foreign == 1)
    }

    @Test("A request that claims more addresses than are kept counts for the last ones")
    func manyAddresses() throws {
        let claimed = String(repeating: #""::","#, count: 262_200)
        let record = Self.event.replacing(#"["192.0.2.66"]"#, with: #"[\#(claimed)"192.0.2.66"]"#)
        let found = scan(record, as: .auto)
        #expect(found.malformedCount == 0)
        #expect(try #require(found.events.first).event.sourceIPs.last == "192.0.2.66")
    }
}
