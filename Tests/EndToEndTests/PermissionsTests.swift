import Foundation
import Glibc
import LocalStack
import RawHTTP
import TestSupport
import Testing

/// The ways in docs/permissions.md to read a log that the API server creates and rotates.
@Suite(
    "An exporter without privileges", .timeLimit(.minutes(2)),
    .enabled(if: mayChangeUsers(), "needs root with the capabilities that root usually has"))
struct PermissionsTests {
    private static let document = "docs/permissions.md"
    /// A user and group without an entry in `/etc/passwd`.
    private static let user = "61001"
    private static let ordinaryUser = [
        "--reuid", user, "--regid", user, "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
    ]

    @Test("reads the logs of an API server as a member of their group, after rotations and after a repair")
    func group() async throws {
        try await withLog { place in
            try await place.prepare(with: Documentation.example(in: Self.document, language: "sh", section: "Group"))
            let log = try APIServerLog(place.log)
            try log.write(AuditLine(from: ["192.0.2.1"]).text)
            let exporter = try await place.start(Self.ordinaryUser, as: Self.user)
            try await exporter.expect(lines: 1)
            #expect(try exporter.capabilities() == 0)
            for lines in 2...4 {
                try log.rotate()
                try log.write(AuditLine(from: ["192.0.2.1"]).text)
                try await exporter.expect(lines: lines)
            }
            // Removed by somebody; the API server creates it with 0600.
            try FileManager.default.removeItem(at: place.log)
            try log.rotate()
            try log.write(AuditLine(from: ["192.0.2.1"]).text)
            try await exporter.expect(lines: 4, readable: false)
            try await place.prepare(with: Documentation.example(in: Self.document, language: "sh", section: "Group"))
            try await exporter.expect(lines: 5)
        }
    }

    @Test("reads the logs of an API server with CAP_DAC_READ_SEARCH alone, also after somebody removed the log")
    func capability() async throws {
        try await withLog { place in
            let example = try Documentation.example(
                in: Self.document, language: "sh", section: "Capability", containing: "setpriv")
            let words = example.replacing("\\\n", with: " ").split(separator: " ").map(String.init)
            let flags = words.dropFirst().prefix { $0 != "--audit.log" }.dropLast()
                .map { $0 == "kube-audit-exporter" ? Self.user : $0 }
            try #require(words.first == "setpriv" && flags.contains("--no-new-privs"), "\(words)")
            try await testOwnLogs(of: place, flags: Array(flags), as: Self.user, capabilities: 1 << 2)
        }
    }

    @Test("reads the logs of an API server as their owner, without any capability")
    func owner() async throws {
        let flags = [
            "--reuid", "0", "--regid", "0", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
            "--bounding-set=-all",
        ]
        try await withLog { try await testOwnLogs(of: $0, flags: flags, as: "0", capabilities: 0) }
    }

    @Test("cannot read the log that an API server creates with a group on its directory alone")
    func directoryAlone() async throws {
        try await withLog { place in
            try await place.prepare(with: "chgrp 61001 /var/log/kubernetes/audit; chmod 2750 /var/log/kubernetes/audit")
            let log = try APIServerLog(place.log)
            try log.write(AuditLine(from: ["192.0.2.1"]).text)
            let exporter = try await place.start(Self.ordinaryUser, as: Self.user)
            try await exporter.expect(lines: 0, readable: false)
            try await eventually("the log to say so") {
                exporter.program.logText.contains("Permission denied")
            }
        }
    }

    /// The API server creates its logs itself, in a directory of its own.
    private func testOwnLogs(of place: Place, flags: [String], as user: String, capabilities: UInt64) async throws {
        try await place.prepare(with: "chmod 0700 /var/log/kubernetes/audit")
        let log = try APIServerLog(place.log)
        try log.write(AuditLine(from: ["192.0.2.1"]).text)
        let exporter = try await place.start(flags, as: user)
        try await exporter.expect(lines: 1)
        #expect(try exporter.capabilities() == capabilities)
        try log.rotate()
        try log.write(AuditLine(from: ["192.0.2.1"]).text)
        try await exporter.expect(lines: 2)
        try FileManager.default.removeItem(at: place.log)
        try log.rotate()
        try log.write(AuditLine(from: ["192.0.2.1"]).text)
        try await exporter.expect(lines: 3)
    }

    private func withLog(_ body: (Place) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            for name in ["logs", "state"] {
                try FileManager.default.createDirectory(
                    at: directory.appending(path: name), withIntermediateDirectories: true)
            }
            // The build directory may be closed to other users.
            let exporter = directory.appending(path: "kube-audit-exporter")
            try FileManager.default.copyItem(at: Program.exporter.locate(), to: exporter)
            try await body(Place(directory: directory, exporter: exporter))
        }
    }
}

/// A directory for logs and one for state, and a copy of the exporter.
private struct Place {
    let directory: URL
    let exporter: URL

    var logs: URL { directory.appending(path: "logs") }
    var log: URL { logs.appending(path: "audit.log") }

    /// Runs an example as root, for this directory and for a user and group that exist only as a number.
    func prepare(with example: String) async throws {
        let script = "set -eu; groupadd() { :; }; useradd() { :; }; id() { :; }\n" + example
        let commands = script.replacing("/var/log/kubernetes/audit", with: logs.path)
            .replacing("kube-audit-exporter", with: "61001")
        let outcome = try await Command.run(["bash", "-c", commands], in: directory)
        try #require(outcome.status == 0, "\(outcome)")
    }

    /// Starts the exporter with the flags of `setpriv`.
    func start(_ flags: [String], as user: String) async throws -> UnprivilegedExporter {
        let state = directory.appending(path: "state")
        chown(state.path, uid_t(user) ?? 0, gid_t(user) ?? 0)
        let port = try LocalServer.freePort()
        let program = try await RunningProgram(
            URL(filePath: "/usr/bin/env"),
            ["setpriv", "--pdeathsig", "KILL"] + flags + [
                exporter.path, "--audit.log", log.path, "--storage.path", state.path,
                "--web.listen-address", "127.0.0.1:\(port)",
            ], name: "exporter", in: directory)
        return UnprivilegedExporter(program: program, port: port)
    }
}

private struct UnprivilegedExporter {
    let program: RunningProgram
    let port: UInt16

    /// Its effective capabilities, a bit for each; those of its wrapper before it answers.
    func capabilities() throws -> UInt64? {
        let status = try String(contentsOfFile: "/proc/\(program.processID ?? 0)/status", encoding: .utf8)
        return status.firstMatch(of: /CapEff:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) }
    }

    /// Waits until it has read so many lines, and can read the log or not.
    func expect(lines: Int, readable: Bool = true) async throws {
        try await eventually("\(lines) lines, readable: \(readable)") {
            let url = URL(string: "http://127.0.0.1:\(port)/metrics")
            return String(decoding: try await HTTPClient.get(#require(url)).body, as: UTF8.self)
                .split(separator: "\n").filter { !$0.hasPrefix("#") && $0.contains("kube_audit_l") }
        } is: { samples in
            samples.contains { $0 == #"kube_audit_lines_total{input="file"} \#(lines)"# }
                && samples.contains {
                    $0.hasPrefix("kube_audit_log_readable{") && $0.hasSuffix(readable ? "} 1" : "} 0")
                }
        }
    }
}

/// Whether the tests have CAP_CHOWN, CAP_DAC_READ_SEARCH, CAP_SETGID, CAP_SETUID and CAP_SETPCAP.
private func mayChangeUsers() -> Bool {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let effective = status.firstMatch(of: /CapEff:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) } ?? 0
    return geteuid() == 0 && [0, 2, 6, 7, 8].allSatisfy { effective & 1 << $0 != 0 }
}
