import Foundation
import Glibc
import LocalStack
import TestSupport
import Testing

/// The file that `backfill` writes, and the requests that it leaves out.
@Suite("The output of backfill")
struct BackfillOutputTests {
    private static let time = Date(timeIntervalSince1970: 1_795_478_400)

    private static func log(at time: Date = time) -> Data {
        Data((0..<6).map { AuditLine(from: ["192.0.2.1"], at: time.addingTimeInterval(Double($0))).text }.joined().utf8)
    }

    private static func backfill(_ arguments: String...) async throws -> (exit: ProgramExit, output: String) {
        try await Program.exporter.run(["backfill"] + arguments)
    }

    @Test("is never one of the inputs, under any name")
    func input() async throws {
        try await withTemporaryDirectory { directory in
            let log = directory.appending(path: "audit.log")
            let content = Self.log()
            try content.write(to: log)
            let link = directory.appending(path: "link")
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: log)
            for input in [log.path, directory.path, log.path.dropLast() + "*"] {
                for output in [log.path, link.path] {
                    let run = try await Self.backfill(input, "--force", "--output", output)
                    #expect(run.exit == .status(64))
                    #expect(run.output.contains("is one of the inputs; give another file"))
                    #expect(try Data(contentsOf: log) == content)
                }
            }
        }
    }

    @Test("replaces a file only with --force, and keeps its mode")
    func existing() async throws {
        try await withTemporaryDirectory { directory in
            let log = directory.appending(path: "audit.log")
            try Self.log().write(to: log)
            let output = directory.appending(path: "past.om")
            try Data("a\n".utf8).write(to: output)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: output.path)
            let refused = try await Self.backfill(log.path, "--output", output.path)
            #expect(refused.exit == .status(64))
            #expect(refused.output.contains("exists; give another file, or --force to replace it"))
            #expect(try Data(contentsOf: output) == Data("a\n".utf8))

            let run = try await Self.backfill(log.path, "--force", "--output", output.path)
            #expect(run.exit == .status(0))
            #expect(try String(contentsOf: output, encoding: .utf8).hasSuffix("# EOF\n"))
            let mode = try FileManager.default.attributesOfItem(atPath: output.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == [
                    "audit.log", "past.om",
                ])
        }
    }

    @Test("has the requests of each outcome, and the distinct paths of each source")
    func outcomes() async throws {
        let run = try await Self.backfill(
            Fixture.url("audit-logs/outcomes.log").path, Fixture.url("audit-logs/newer-servers.log").path, "--output",
            "-")
        #expect(run.exit == .status(0))
        // The last sample of each series is its highest value, except of the paths, which are forgotten.
        var highest: [String: Int] = [:]
        for line in run.output.split(separator: "\n") {
            let pattern = /(kube_audit_\w+)\{src_ip="(.*?)",.*?(?:,credentials="(.*?)")?,job=.*\} (\d+) .*/
            guard let match = line.wholeMatch(of: pattern) else { continue }
            let series = "\(match.1) \(match.2)" + (match.3.map { " \($0)" } ?? "")
            highest[series] = max(highest[series] ?? 0, Int(match.4) ?? 0)
        }
        #expect(highest["kube_audit_unauthenticated_forbidden_requests_total 127.0.0.72"] == 7)
        #expect(highest["kube_audit_anonymous_allowed_requests_total 127.0.0.72"] == 2)
        #expect(highest["kube_audit_source_distinct_request_paths 127.0.0.72"] == 9)
        #expect(highest["kube_audit_unauthorized_requests_total 127.0.0.75 unknown"] == 6)
        #expect(highest["kube_audit_unauthorized_requests_total 192.0.2.11 none"] == 6)
        #expect(highest["kube_audit_unauthorized_requests_total 192.0.2.12 presented"] == 6)
        #expect(highest["kube_audit_source_distinct_request_paths 192.0.2.12"] == 1)
        #expect(highest["kube_audit_anonymous_allowed_requests_total 127.0.0.70"] == nil, "open paths only")
    }

    @Test("has no requests at wrong times, which are named")
    func wrongTimes() async throws {
        try await withTemporaryDirectory { directory in
            let log = directory.appending(path: "audit.log")
            for (time, reason) in [
                (253_402_300_799.0, "times are wrong"), (100, "times are wrong"), (-1e10, "no time"),
            ] {
                try Self.log(at: Date(timeIntervalSince1970: time - 10)).write(to: log)
                let run = try await Self.backfill(log.path, "--output", "-")
                #expect(run.output.contains("6 requests") && run.output.contains(reason), "\(run.output)")
                #expect(run.output.contains("no request without valid credentials is left to write"))
                #expect(!run.output.contains("192.0.2.1"))
            }
        }
    }

    @Test("leaves no part when the run is told to end", arguments: [SIGHUP, SIGINT, SIGTERM])
    func ended(signal: Int32) async throws {
        try await withTemporaryDirectory { directory in
            let fifo = directory.appending(path: "fifo").path
            try #require(mkfifo(fifo, 0o600) == 0)
            // The run waits for more.
            let descriptor = open(fifo, O_RDWR)
            defer { close(descriptor) }
            let output = directory.appending(path: "output")
            try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
            let files = { try FileManager.default.contentsOfDirectory(atPath: output.path) }
            let running = try await RunningProgram(
                Program.exporter.locate(), ["backfill", fifo, "--output", output.appending(path: "past.om").path],
                name: "backfill", in: directory)
            try await eventually("the part and the handler of the signal") {
                let id = try #require(running.processID)
                let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
                let caught = status.firstMatch(of: /SigCgt:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) } ?? 0
                return try caught >> UInt64(signal - 1) & 1 == 1 && !files().isEmpty
            }
            running.send(signal: signal)
            #expect(await running.untilExit() == .signal(signal))
            #expect(try files().isEmpty)
        }
    }

    @Test("does not exist if nothing could be read")
    func unreadable() async throws {
        try await withTemporaryDirectory { directory in
            let log = directory.appending(path: "audit.log")
            let output = directory.appending(path: "past.om").path
            // In the second, the refused requests are wrapped, and the event that is not has no outcome that counts.
            var other = AuditLine(from: ["192.0.2.1"], at: Self.time)
            other.code = 404
            let wrapped = String(decoding: Self.log(), as: UTF8.self).split(separator: "\n").map { line in
                String(decoding: (try? JSONEncoder().encode(["message": String(line)])) ?? Data(), as: UTF8.self)
            }
            for text in ["no audit log\n", wrapped.joined(separator: "\n") + "\n" + other.text] {
                try Data(text.utf8).write(to: log)
                let run = try await Self.backfill(log.path, "--output", output)
                #expect(run.exit == .status(1), "\(run.output)")
                #expect(run.output.contains("past.om is not written") == text.contains(":404"), "\(run.output)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["audit.log"])
            }
        }
    }
}
