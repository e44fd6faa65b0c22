import Foundation
import LocalStack
import TestSupport
import Testing

/// The states that released versions wrote; `Tests/Fixtures/states/make-state.py` made them. Each later version reads
/// them.
@Suite("A state of a released version", .timeLimit(.minutes(2)))
struct ReleasedStatesTests {
    private static let flags = [
        "--filter.file", "filter.yml", "--source.limit", "12", "--source.claimed-limit", "2", "--geoip.database",
        Fixture.url("locations/locations.mmdb").path,
        // The states are older than the default retention.
        "--source.retention", "36500d",
    ]

    /// Writes the state and the log that was read to it.
    private static func unpack(_ version: String, in directory: URL) async throws {
        let data = directory.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let database = data.appending(path: "state.db").path
        try await run("/usr/bin/zstd", ["-q", "-d", Fixture.url("states/\(version).db.zst").path, "-o", database])
        // After a downtime of over 30 minutes the exporter would wait for a minute before it reads on.
        let recent =
            "import sqlite3, sys, time; db = sqlite3.connect(sys.argv[1]); "
            + "db.execute('UPDATE state SET last_checkpoint = ?', (time.time(),)); db.commit()"
        try await run("/usr/bin/python3", ["-c", recent, database])
        for (name, fixture) in [("audit.log", "audit-logs/outcomes.log"), ("filter.yml", "states/filter.yml")] {
            try FileManager.default.copyItem(at: Fixture.url(fixture), to: directory.appending(path: name))
        }
    }

    @discardableResult
    private static func run(_ program: String, _ arguments: [String]) async throws -> String {
        try await withTemporaryDirectory { directory in
            let running = try await RunningProgram(
                URL(filePath: program), arguments, name: "program", in: directory)
            #expect(await running.untilExit() == .status(0), "\(program): \(running.logText)")
            return running.logText
        }
    }

    private static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    /// Lines of `expected` that are not in the exporter's metrics.
    private static func missing(_ expected: [String], in exporter: ExporterProgram) async throws -> [String] {
        let shown = Set(lines(try await exporter.metrics()))
        return expected.filter { !shown.contains($0) }
    }

    /// Values of a source in the API, without those that depend on the time of the request.
    private static func values(_ json: Data) throws -> [String: NSDictionary] {
        let object = try JSONSerialization.jsonObject(with: json)
        let sources = (object as? [String: Any])?["data"] ?? object
        var values: [String: NSDictionary] = [:]
        for var source in try #require(sources as? [[String: Any]]) {
            for name in ["first_seen", "last_seen", "requests_last_hour", "distinct_request_paths"] {
                source[name] = nil
            }
            values["\(source["src_ip"] ?? "") \(source["origin"] ?? "")"] = source as NSDictionary
        }
        return values
    }

    @Test("keeps each count, source, read position and value of evidence", arguments: ["0.1.0", "0.2.0"])
    func reads(version: String) async throws {
        try await withTemporaryDirectory { directory in
            try await Self.unpack(version, in: directory)
            let expected = Self.lines(
                String(decoding: try Fixture.bytes("states/\(version).metrics.txt"), as: UTF8.self)
            )
            // A time that is in the future of this machine's clock becomes the present time.
            .filter { !$0.hasPrefix("kube_audit_last_event_timestamp_seconds") }
            try #require(expected.count > 30)

            let first = try await ExporterProgram.start(in: directory, Self.flags)
            try await eventually("the log is known") { first.program.logText.contains("Log was read to its end") }
            let text = first.program.logText
            #expect(text.contains(#"msg="State restored" directory=data/"#), "\(text)")
            #expect(text.contains(#"from="byte 661148, up to which it was read before" log=audit.log"#), "\(text)")
            #expect(try await Self.missing(expected, in: first) == [])
            if version != "0.1.0" {
                let kept = try Self.values(Data(try Fixture.bytes("states/\(version).sources.json")))
                let url = try #require(URL(string: "\(first.server.url)/api/v1/sources?limit=1000"))
                let shown = try Self.values(try await HTTPClient.get(url).body)
                #expect(kept.count > 10 && Set(shown.keys) == Set(kept.keys))
                for (source, values) in kept { #expect(shown[source] == values) }
            }
            await first.program.stop()

            // A new request of a source that has a counter, and one that was counted before the release.
            let log = directory.appending(path: "audit.log")
            let handle = try FileHandle(forWritingTo: log)
            try handle.seekToEnd()
            let lines = String(decoding: try Data(contentsOf: log), as: UTF8.self)
            let known = try #require(
                lines.split(separator: "\n").last { $0.contains(#""127.0.0.72""#) && $0.contains(#""code":403"#) })
            try handle.write(contentsOf: Data((known + "\n" + AuditLine(from: ["127.0.0.6"]).text).utf8))
            let second = try await ExporterProgram.start(in: directory, Self.flags)
            _ = try await eventually("both lines are read") {
                try await second.values(#"kube_audit_lines_total{input="file"}"#)
            } is: {
                $0 == ["912"]
            }
            let name = #"kube_audit_unauthenticated_forbidden_requests_total{src_ip="127.0.0."#
            #expect(try await second.values(name + #"6","#) == ["51"])
            #expect(try await second.values(name + #"72","#) == ["7"])
            let changed = try await Self.missing(expected, in: second).map { String($0.prefix { $0 != " " }) }
            #expect(
                Set(changed.map { String($0.prefix { $0 != "{" }) }) == [
                    "kube_audit_unauthenticated_forbidden_requests_total",
                    "kube_audit_unauthenticated_forbidden_requests_by_network_total",
                    "kube_audit_duplicate_events_total",
                    "kube_audit_lines_total", "kube_audit_bytes_total",
                ], "\(changed)")
            #expect(changed.count == 5)
            await second.program.stop()
        }
    }
}
