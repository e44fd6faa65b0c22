import Foundation
import Glibc
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("The command backup", .timeLimit(.minutes(2)))
struct BackupCommandTests {
    @Test("copies the state of a running exporter, from which another one reads on")
    func copies() async throws {
        try await withTemporaryDirectory { directory in
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            try log.append(AuditLine(from: ["192.0.2.1"]).text + AuditLine(from: ["192.0.2.2"]).text)
            let first = try await ExporterProgram.start(in: directory)
            _ = try await eventually("both requests are counted") {
                try await first.counts()
            } is: {
                $0 == ["192.0.2.1 verified": 1, "192.0.2.2 verified": 1]
            }
            let state = directory.appending(path: "data").path
            let copy = directory.appending(path: "copy").path
            let (exit, output) = try await Program.exporter.run(["backup", "--storage.path", state, copy])
            #expect(exit == .status(0), "\(output)")
            let pattern = /.*\/copy: 2 sources, 1 log, as written at 20\d\d-\S+Z\n/
            #expect(output.wholeMatch(of: pattern) != nil, "\(output)")

            // The exporter of the copy reads what comes later, and nothing again.
            try log.append(AuditLine(from: ["192.0.2.2"]).text)
            let second = try await ExporterProgram.start(in: directory, ["--storage.path", copy])
            _ = try await eventually("the request after the backup is counted") {
                try await second.counts()
            } is: {
                $0 == ["192.0.2.1 verified": 1, "192.0.2.2 verified": 2]
            }
            #expect(try await second.values(#"kube_audit_lines_total{input="file"}"#) == ["3"])
            #expect(try await second.values("kube_audit_state_restored") == ["1"])
            await second.program.stop()
        }
    }

    /// A directory `state` as a stopped exporter leaves it, with one counter.
    private static func makeState(in directory: URL) async throws {
        try Data(AuditLine(from: ["192.0.2.1"]).text.utf8).write(to: directory.appending(path: "audit.log"))
        let state = directory.appending(path: "state").path
        let exporter = try await ExporterProgram.start(in: directory, ["--storage.path", state])
        _ = try await eventually("the request is counted") {
            try await exporter.counts()
        } is: {
            $0 == ["192.0.2.1 verified": 1]
        }
        await exporter.program.stop()
    }

    @Test("ends with 0 and says so if the copy is complete, but the result cannot be printed")
    func unprinted() async throws {
        try await withTemporaryDirectory { directory in
            try await Self.makeState(in: directory)
            let exporter = try Program.exporter.locate().path
            let backup = "\"$0\" backup --storage.path state"
            let expected = [
                ("closed", "\(backup) closed >&-", "it is closed"),
                ("full", "\(backup) full > /dev/full", "no space left on device"),
                ("pipe", "{ sleep 0.3; \(backup) pipe; echo \"status $?\" >&2; } | true", "broken pipe"),
                ("silent", "\(backup) silent >&- 2>&-", nil),
                ("umask", "umask 777; \(backup) umask 2>/dev/full >/dev/full", nil),
            ]
            for (name, command, reason) in expected {
                let outcome = try await Command.run(["bash", "-c", command, exporter], in: directory)
                #expect(outcome.status == 0, "\(name): \(outcome)")
                if let reason {
                    #expect(
                        outcome.output.hasPrefix(
                            "kube-audit-exporter: the copy is complete; this could not be written to standard output "
                                + "(\(reason)): \(name): 1 source, 1 log, as written at "), "\(outcome)")
                }
                #expect(!outcome.output.contains("status ") || outcome.output.hasSuffix("status 0\n"), "\(outcome)")
                let copy = directory.appending(path: name).path
                let permissions = [copy, copy + "/state.db"].map { path in
                    var information = stat()
                    return stat(path, &information) == 0 ? information.st_mode & 0o777 : 0
                }
                #expect(permissions == [0o700, 0o600])
                // The copy is a state itself.
                let (exit, output) = try await Program.exporter.run(["backup", "--storage.path", copy, copy + "-again"])
                #expect(exit == .status(0) && output.contains(": 1 source, 1 log, "), "\(name): \(output)")
            }
        }
    }

    @Test("leaves nothing if it is stopped")
    func stopped() async throws {
        try await withTemporaryDirectory { directory in
            let state = directory.appending(path: "state")
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            // So large that the copy takes longer than the signal.
            let database = state.appending(path: "state.db").path
            try #require(FileManager.default.createFile(atPath: database, contents: nil))
            try #require(truncate(database, 20 << 30) == 0)
            let names = { try FileManager.default.contentsOfDirectory(atPath: directory.path) }
            let backup = try await RunningProgram(
                try Program.exporter.locate(), ["backup", "--storage.path", "state", "copy"], name: "backup",
                in: directory)
            try await eventually("the copy is being made") {
                try names().contains { $0.hasPrefix("copy.partial-") }
            }
            backup.send(signal: SIGTERM)
            #expect(await backup.untilExit() == .signal(SIGTERM))
            let left = try names().filter { $0.hasPrefix("copy") }
            #expect(left.isEmpty)
        }
    }

    @Test("names what was given on the command line")
    func names() async throws {
        let (_, target) = try await Program.exporter.run(["backup", ""])
        #expect(target == "kube-audit-exporter: <directory>: is empty; give a directory that does not exist\n")
        let (_, storage) = try await Program.exporter.run(["backup", "--storage.path", "", "x"])
        #expect(storage == "kube-audit-exporter: --storage.path: is empty; give a directory\n")
    }

    @Test("names the path and the reason if there is no copy")
    func refuses() async throws {
        try await withTemporaryDirectory { directory in
            let copy = directory.appending(path: "copy").path
            let (exit, output) = try await Program.exporter.run(["backup", "--storage.path", directory.path, copy])
            #expect(exit == .status(1))
            #expect(
                output
                    == "kube-audit-exporter: \(directory.path): no state there; give the directory of the exporter's "
                    + "--storage.path\n")
            #expect(!FileManager.default.fileExists(atPath: copy))
        }
    }
}
