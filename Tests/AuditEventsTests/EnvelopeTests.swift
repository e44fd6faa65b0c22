import AuditEvents
import Foundation
import Testing
import TestSupport

/// The forms in which shippers and clouds pass events on, see Tests/Fixtures/envelopes/README.md. Bare events count; of
/// all others the log says what they look like.
@Suite("A line that is no audit event is never passed over in silence")
struct EnvelopeTests {
    /// Files whose lines are bare events.
    private static let bare: Set<String> = ["fluent-bit-parsed.log", "gdc.log", "hostile.log", "viaq.log"]

    private static let shapes: [String: RecordShape] = [
        "aks-audit-table.log": .aks, "aks-azurediagnostics.log": .aks, "aks-eventhub.json": .aks,
        "aks-storage.log": .aks, "cri.log": .containerLog, "docker-json.log": .dockerLog,
        "eks-filter-log-events.json": .printed, "eks-firehose-s3.json": .eks, "eks-kinesis.json": .eks,
        "eks-lambda.json": .eks, "eks-s3-export.log": .eks, "eks-subscription.json": .eks, "eks-tail.log": .eks,
        "elasticsearch.json": .store, "filebeat.log": .shipper, "fluent-bit-http.json": .shipper,
        "fluent-bit-kubernetes.log": .shipper, "fluent-bit-out-file.log": .shipper, "fluent-bit.log": .shipper,
        "fluentd.log": .fluentd, "gelf.log": .shipper, "gke-gcs.log": .gke, "gke-pubsub-push.log": .gke,
        "gke-pubsub.log": .gke, "gke-read.json": .printed, "journald.log": .journald, "loki-push.json": .store,
        "loki.jsonl": .store, "openshift-node-logs.log": .prefixed, "otlp.json": .store, "ovh-ldp.log": .shipper,
        "rancher.log": .otherProgram, "splunk-hec.log": .shipper, "syslog.log": .syslog, "vector.log": .shipper,
        "webhook-v1beta1.json": .eventList,
    ]

    private static func lines(of name: String) throws -> [[UInt8]] {
        try Fixture.bytes("envelopes/\(name)").split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    private func scan(_ bytes: [UInt8]) -> ScannedEvents {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        return scanner.scan(lines: bytes.span.bytes)
    }

    @Test("and every fixture is one of these tests")
    func all() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Fixture.url("envelopes").path)
        #expect(Set(files) == Self.bare.union(Self.shapes.keys).union(["README.md", "eks-firehose-s3.gz"]))
    }

    @Test("but a bare event with other keys counts, with a complete identity", arguments: bare.sorted())
    func bareEvents(name: String) throws {
        let found = scan(try Fixture.bytes("envelopes/\(name)"))
        let addresses = found.events.compactMap(\.event.sourceIPs.last)
        #expect(addresses == ["203.0.113.10", "203.0.113.10", "2001:db8::5"])
        #expect(found.events.allSatisfy { $0.event.hasCompleteIdentity })
        // viaq.log has a record of auditd.
        #expect(found.malformed.map(\.shape) == (name == "viaq.log" ? [.otherProgram] : []))
    }

    @Test("and its description fits its form", arguments: shapes.sorted { $0.key < $1.key })
    func shape(name: String, shape: RecordShape) throws {
        let found = scan(try Fixture.bytes("envelopes/\(name)"))
        #expect(found.events == [])
        #expect(found.malformedCount > 0)
        // Lines of the printed forms begin in many ways, and one of a form may hold another program's text.
        let shapes = found.malformed.compactMap(\.shape)
        #expect(shapes.contains(shape), "\(shapes)")
        if shape != .printed { #expect(Set(shapes) == [shape], "\(shapes)") }
        if name == "rancher.log" { return }
        // Whatever holds a counted request is a malformed line of its own, unless it is printed over many lines.
        for line in try Self.lines(of: name) where shape != .printed {
            let text = String(decoding: line, as: UTF8.self)
            guard ["203.0.113.10", "2001:db8::5"].contains(where: text.contains) else { continue }
            #expect(scan(line).malformedCount == 1, "\(text.prefix(200))")
        }
    }

    @Test("and it is described without reading the whole of it as an event: a log of another kind of object")
    func kubernetesEvent() {
        let found = scan(
            Array(
                #"{"kind":"Event","apiVersion":"v1","message":"system:unauthenticated","reason":"x"}"#.utf8) + [10]
                + Array(#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","note":"system:unauthenticated"}"#.utf8))
        #expect(found.malformed.map(\.reason) == ["not an audit event"])
        #expect(found.malformed.map(\.offset) == [0])
    }

    @Test("and bodies of webhook requests are checked in the same way")
    func webhookItems() throws {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        let oldBody = try Fixture.bytes("envelopes/webhook-v1beta1.json")
        let old = try scanner.scan(eventList: oldBody.span.bytes)
        #expect(old.events.count == 3)
        #expect(old.malformedCount == 0)
        #expect(old.events.allSatisfy { $0.event.hasCompleteIdentity })
        let body = Array(
            #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"log":"system:unauthenticated"}]}"#.utf8)
        let found = try scanner.scan(eventList: body.span.bytes)
        #expect(found.malformed.map(\.reason) == ["item 0: not an audit event"])
        #expect(found.malformed.map(\.shape) == [.shipper])
    }
}
