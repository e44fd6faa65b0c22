import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("A webhook body")
struct HostileBodiesTests {
    private static func list(_ items: [[UInt8]]) -> [UInt8] {
        let body =
            Array(#"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":["#.utf8)
            + items.joined(separator: [UInt8(ascii: ",")]) + Array("]}".utf8)
        return Array("POST /audit HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    private static func scan(_ number: Int) -> [UInt8] {
        Array(AuditLine(from: ["203.0.113.9"], auditID: "scan-\(number)").text.utf8.dropLast())
    }

    /// The event of a user who sends a patch with a value that a strict parser refuses.
    private static func patch(_ value: [UInt8]) -> [UInt8] {
        var line = AuditLine(from: ["10.0.0.77"])
        line.username = "dev"
        line.groups = ["system:authenticated"]
        line.verb = "patch"
        line.code = 200
        let object = Array(#","requestObject":{"data":{"a":"#.utf8) + value + Array("}}}".utf8)
        return Array(line.text.utf8.dropLast(2)) + object
    }

    @Test("hides no scan behind an item that a client made odd", .timeLimit(.minutes(1)))
    func oddItem() async throws {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(in: directory, ["--webhook.listen-address", "127.0.0.1:0"])
            let connection = try RawConnection(to: try #require(exporter.webhook))
            let values =
                OddText.inStrings.map { [UInt8(ascii: "\"")] + $0 + [UInt8(ascii: "\"")] }
                + OddText.numbers.map { Array($0.utf8) }
            for (index, value) in values.enumerated() {
                let scans = (0..<8).map { Self.scan(8 * index + $0) }
                let body = Self.list(scans[..<4] + [Self.patch(value)] + scans[4...])
                // And once more, as after a lost response.
                for _ in 0..<2 { #expect(try await connection.answer(to: body).status == 200, "\(value)") }
                #expect(try await exporter.counts() == ["203.0.113.9 verified": 8 * (index + 1)], "\(value)")
            }
            #expect(try await exporter.values(#"kube_audit_malformed_events_total{input="webhook"}"#) == ["0"])
            await exporter.program.stop()
        }
    }

    /// A body of about 32 MiB.
    private static func body(_ content: String) throws -> [UInt8] {
        let start = #"{"user":{"groups":["system:unauthenticated"]},"responseStatus":{"code":403},"#
        let (head, unit, tail): (String, [UInt8], String)
        switch content {
        case "real events":
            let line = try #require(Fixture.bytes("audit-logs/metadata.log").split(separator: UInt8(ascii: "\n")).first)
            (head, unit, tail) = ("{}", [UInt8(ascii: ",")] + line, "")
        case "values": (head, unit, tail) = (start + #""requestObject":[0"#, Array(",0".utf8), "]}")
        case "addresses": (head, unit, tail) = (start + #""sourceIPs":[""#, Array("\",\"".utf8), "\"]}")
        default: (head, unit, tail) = (start + #""requestObject":""#, Array("a".utf8), "\"}")
        }
        // By doubling, since a debug build is slow.
        var units = unit
        while units.count < 31 << 20 { units += units.prefix(((31 << 20) / unit.count + 1) * unit.count - units.count) }
        return list([Array(head.utf8) + units + Array(tail.utf8)])
    }

    @Test(
        "takes little more than its own memory, whatever it holds", .timeLimit(.minutes(3)),
        arguments: ["real events", "values", "addresses", "one string"])
    func memory(content: String) async throws {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(in: directory, ["--webhook.listen-address", "127.0.0.1:0"])
            let webhook = try #require(exporter.webhook)
            let body = try Self.body(content)
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask {
                        let connection = try RawConnection(to: webhook)
                        #expect(try await connection.answer(to: body).status == 200)
                    }
                }
                try await group.waitForAll()
            }
            let status = try String(
                contentsOfFile: "/proc/\(try #require(exporter.program.processID))/status", encoding: .utf8)
            let peak = try #require(status.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.1) }) >> 10
            #expect(peak < 256, "four bodies of 32 MiB took \(peak) MiB")
            await exporter.program.stop()
        }
    }
}
