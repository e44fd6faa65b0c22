import AuditEvents
import Compression
import Foundation
import TestSupport
import Testing

/// Few bytes may hold many: a record's memory and time are bounded, and its memory is given back.
@Suite("A record that holds compressed texts")
struct CompressedRecordTests {
    private static let event =
        #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"1","stage":"ResponseComplete","user":{"username":"system:anonymous","groups":["system:unauthenticated"]},"sourceIPs":["192.0.2.66"],"responseStatus":{"code":403},"stageTimestamp":"2026-11-30T09:00:00.000000Z"}"#

    /// What a subscription delivers, with spaces behind it.
    private static func data(events: Int, spaces: Int = 0) -> String {
        let message = #"{"message":"\#(event.replacing("\"", with: "\\\""))"}"#
        let messages = Array(repeating: message, count: events).joined(separator: ",")
        let record =
            #"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"kube-apiserver-audit-1","logEvents":[\#(messages)]}"#
        return Data(Gzip.compress(Array(record.utf8) + [UInt8](repeating: 0x20, count: spaces))).base64EncodedString()
    }

    private static func scanner() -> EventScanner {
        EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
    }

    @Test("has one limit for all of them", .timeLimit(.minutes(1)))
    func budget() {
        let data = Self.data(events: 1, spaces: 60 << 20)
        let records = Array(repeating: #"{"eventSource":"aws:kinesis","kinesis":{"data":"\#(data)"}}"#, count: 4)
        let line = #"{"Records":[\#(records.joined(separator: ","))]}"# + "\n"
        var scanner = Self.scanner()
        let found = scanner.scan(lines: Array((line + line).utf8).span.bytes, as: .eks)
        #expect(found.events.count == 4)
        #expect(found.malformedCount == 4)
        #expect(found.malformed.first?.reason == "gzip: more than 128 MiB in a record")
    }

    @Test("gives its memory back, and the time of its last event stays")
    func memory() {
        var scanner = Self.scanner()
        let line = #"{"awslogs":{"data":"\#(Self.data(events: 40_000))"}}"# + "\n"
        let found = scanner.scan(lines: Array(line.utf8).span.bytes, as: .eks)
        #expect(found.events.count == 40_000)
        #expect(found.lastEventTimestamp == EventTimestamp("2026-11-30T09:00:00.000000Z")?.secondsSince1970)
        #expect(scanner.memory < 4 << 20)
    }

    @Test("gives the memory of joined pieces back")
    func pieces() {
        var scanner = Self.scanner()
        let long = String(repeating: "a", count: 9 << 20)
        let text = Self.event.dropLast() + #","requestObject":"\#(long)"}"#
        let bytes = Array(text.utf8)
        var lines: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 16 << 10) {
            let end = min(start + 16 << 10, bytes.count)
            let tag = end == bytes.count ? "F" : "P"
            lines += Array("2026-11-30T09:00:00.1Z stdout \(tag) ".utf8) + bytes[start..<end] + [10]
        }
        let found = scanner.scan(lines: lines.span.bytes, as: .cri)
        #expect(found.events.count == 1 && found.malformedCount == 0)
        #expect(scanner.memory < 4 << 20)
    }
}

/// Keys are found among few and among many others, as they are spelled and with escapes.
@Suite("An envelope with many keys")
struct ManyKeysTests {
    private static let event =
        #"{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"user\":{\"groups\":[\"system:unauthenticated\"]},\"responseStatus\":{\"code\":403}}"#

    @Test(
        "is read as one with few",
        arguments: [
            (#""date":1,"log":"EVENT""#, [1, 0, 0]), (#""date":1,"l\u006fg":"EVENT""#, [1, 0, 0]),
            (#""log":"EVENT""#, [1, 0, 0]), (#""lo":"EVENT""#, [0, 0, 1]),
            (#""date":1,"log":"EVENT","\u006cog":"EVENT""#, [0, 0, 1]),
            (#""date":1,"log":"EVENT","stre\u0061m":"stderr""#, [0, 1, 0]),
            (#""date":1,"log":"EVENT","kubernetes":{"namespace_name":"shop","container_name":"web"}"#, [0, 1, 0]),
            (#""date":1,"log":"EVENT","kubernetes.namespace_name":"shop"#.appending("\""), [0, 1, 0]),
            (#""date":1,"log":"EVENT","kubern\u0065tes":{"namespace\u005fname":"shop"}"#, [0, 1, 0]),
            (
                #""date":1,"log":"EVENT","kubernetes":{"namespace_name":"kube-system","container_name":"kube-apiserver"},"kubernetes.namespace_name":"kube-system""#,
                [0, 0, 1]
            ),
        ])
    func keys(members: String, expected: [Int]) {
        var scanner = EventScanner(selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
        let members = members.replacing("EVENT", with: Self.event)
        for count in [0, 50, 63, 64, 65, 300, 4000] {
            for isBehind in [false, true] {
                let others = (0..<count).map { #","k\#($0)":{"log":1}"# }.joined()
                let first = others.isEmpty ? "" : others.dropFirst() + ","
                let line = isBehind ? "{\(members)\(others)}\n" : "{\(first)\(members)}\n"
                let found = scanner.scan(lines: Array(line.utf8).span.bytes, as: .fluentBit)
                #expect([found.events.count, found.foreign, found.malformedCount] == expected, "\(count) \(isBehind)")
            }
        }
    }
}
