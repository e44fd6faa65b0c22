import Compression
import Foundation
import Glibc
import LocalStack
import RawHTTP
import TestSupport
import Testing

/// The command as a new user types it.
@Suite("The command scan", .timeLimit(.minutes(2)))
struct ScanCommandTests {
    private static let metadata = Fixture.url("audit-logs/metadata.log").path

    /// Runs it in a directory with a few files.
    private static func scan(_ arguments: [String], in directory: URL, input: Data? = nil) async throws -> String {
        let (exit, output) = try await Program.exporter.run(
            ["scan"] + arguments.map { $0.replacing("DIR", with: directory.path) }, input: input)
        return "\(exit): \(output)".replacing(directory.path, with: "DIR").replacing("kube-audit-exporter: ", with: "")
    }

    /// The beginning of what it prints for each file, or the whole.
    @Test(
        "names each input that cannot be read, and what to do",
        arguments: [
            ("DIR/audti.log", "exited with status 1: DIR/audti.log: no such file or directory; check the path\n"),
            ("eks:", "exited with status 1: \"eks:\": names no path; name a file, a glob, a directory, or -\n"),
            (
                "EKS:DIR/audit.log",
                "exited with status 1: EKS:DIR/audit.log: no such file or directory; EKS is not a format, but eks is\n"
            ),
            (
                "foo:DIR/*.log",
                "exited with status 1: foo:DIR/*.log: no file matches this glob; foo is not a format\n"
            ),
            (
                "cri:DIR/rest.log",
                "exited with status 1: DIR/rest.log: holds no audit event; it is read as cri, and the first fault is at byte 0: "
                    + "the text in the envelope is not a JSON object; pieces before it may be missing\n"
            ),
            ("DIR/*.gz", "exited with status 1: DIR/*.gz: no file matches this glob; check the path\n"),
            (
                "DIR/none",
                "exited with status 1: DIR/none: the directory holds no files; name the directory of the API server's --audit-log-path\n"
            ),
            ("DIR/empty.log", "exited with status 1: DIR/empty.log: is empty\n"),
            ("DIR/zeros.log", "exited with status 1: DIR/zeros.log: holds no lines\n"),
            (
                "DIR/twice",
                "exited with status 1: DIR/twice: holds no audit event; it is compressed twice; pipe its content in: "
                    + "gzip -dc DIR/twice | kube-audit-exporter scan -\n"
            ),
            (
                "DIR/notes.txt",
                #"exited with status 1: DIR/notes.txt: holds no audit event; it begins with "remember the milk"; name the file of "#
                    + "the API server's --audit-log-path\n"
            ),
            (
                "DIR/cri.log",
                "exited with status 1: DIR/cri.log: holds no audit event; it looks like the format cri; "
                    + "give cri:DIR/cri.log, or --audit.format cri for all files\n"
            ),
            (
                "DIR/audit.xz",
                "exited with status 1: DIR/audit.xz: holds no audit event; it is compressed with xz; pipe its content in: xz -dc "
                    + "DIR/audit.xz | kube-audit-exporter scan -\n"
            ),
            (
                "DIR/audit.log",
                "exited with status 3: the logs also have 9 unauthorized requests from 1 source; "
                    + "--outcome unauthorized lists them\nsrc_ip"
            ),
            (
                "DIR/utf16.log",
                "exited with status 1: DIR/utf16.log: holds no audit event; it is text in UTF-16; convert it: "
                    + "iconv -f UTF-16 -t UTF-8 DIR/utf16.log | kube-audit-exporter scan -\n"
            ),
            (
                "DIR/cr.log",
                // A carriage return is white space between objects.
                "exited with status 3: the logs also have 9 unauthorized requests from 1 source; "
                    + "--outcome unauthorized lists them\nsrc_ip"
            ),
            // Other files in a directory are no error.
            ("DIR/mixed", "exited with status 3: DIR/mixed/notes.txt: holds no audit event; it begins with"),
        ])
    func inputs(argument: String, expected: String) async throws {
        try await withTemporaryDirectory { directory in
            for name in ["none", "mixed"] {
                try FileManager.default.createDirectory(
                    at: directory.appending(path: name), withIntermediateDirectories: true)
            }
            let write = { (name: String, data: Data) in try data.write(to: directory.appending(path: name)) }
            let log = try Data(contentsOf: URL(filePath: Self.metadata))
            for name in ["audit.log", "mixed/audit.log"] { try write(name, log) }
            for name in ["notes.txt", "mixed/notes.txt"] { try write(name, Data("remember the milk\n".utf8)) }
            let text = String(decoding: log, as: UTF8.self)
            try write("utf16.log", Data([0xFF, 0xFE]) + (text.data(using: .utf16LittleEndian) ?? Data()))
            try write("cr.log", Data(text.replacing("\n", with: "\r").utf8))
            try write("empty.log", Data())
            try write("zeros.log", Data(count: 5000))
            try write("twice", Data(Gzip.compress(Gzip.compress([UInt8](log)))))
            try write("cri.log", Data(contentsOf: Fixture.url("envelopes/cri.log")))
            try write("rest.log", Data(#"2024-05-01T10:00:00Z stdout F Complete"}\#n"#.utf8))
            try write("audit.xz", Data([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4, 10, 9, 8]))
            let printed = try await Self.scan([argument], in: directory)
            #expect(expected.hasSuffix("\n") ? printed == expected : printed.hasPrefix(expected), "\(printed)")
        }
    }

    @Test("exits with 0 if nothing is over the threshold, with 3 if something is, and with 1 if an input is missing")
    func status() async throws {
        try await withTemporaryDirectory { directory in
            #expect(
                try await Self.scan([Self.metadata, "--threshold", "50"], in: directory)
                    == "exited with status 0: No source made more than 50 refused requests without credentials within 1h.\n"
            )
            let found = try await Self.scan(
                [Self.metadata, "--threshold", "49", "--format", "csv"], in: directory)
            #expect(
                found.hasPrefix(#"exited with status 3: "src_ip","#)
                    && found.contains(#""127.0.0.6","","","verified","50","#),
                "\(found)")
            let partly = try await Self.scan(
                ["DIR/missing", Self.metadata, "--threshold", "49", "--format", "csv"], in: directory)
            #expect(partly.hasPrefix("exited with status 1: DIR/missing: no such file"), "\(partly)")
            #expect(partly.contains(#""127.0.0.6","","","verified","50","#), "\(partly)")
            #expect(
                try await Self.scan([Self.metadata, "--until", "2026-01-01", "--format", "json"], in: directory)
                    == "exited with status 0: []\n")
        }
    }

    @Test("a path with two formats is a wrong command line")
    func twoFormats() async throws {
        try await withTemporaryDirectory { directory in
            let printed = try await Self.scan(["cri:DIR/a", "docker:DIR/a"], in: directory)
            #expect(
                printed
                    == "exited with status 64: --audit.format: DIR/a is given with two formats, cri and docker; "
                    + "give one\n")
        }
    }

    @Test("counts a log once that is named twice, piped in and compressed")
    func once() async throws {
        try await withTemporaryDirectory { directory in
            let log = try Data(contentsOf: URL(filePath: Self.metadata))
            try Data(Gzip.compress([UInt8](log))).write(to: directory.appending(path: "audit.log.1"))
            let once = try await Self.scan([Self.metadata, "--format", "json"], in: directory)
            let again = try await Self.scan(
                [Self.metadata, "-", "DIR", Self.metadata, "--format", "json"], in: directory, input: log)
            #expect(again == once)
        }
    }

    @Test("counts what can be read of a damaged file, names the byte, and exits with 1")
    func damaged() async throws {
        try await withTemporaryDirectory { directory in
            let log = try Data(contentsOf: URL(filePath: Self.metadata))
            let packed = Gzip.compress([UInt8](log))
            try Data(packed.dropLast(9)).write(to: directory.appending(path: "audit.gz"))
            let printed = try await Self.scan(["DIR/audit.gz", "--format", "csv"], in: directory)
            #expect(
                printed.hasPrefix(
                    "exited with status 1: DIR/audit.gz: compressed data ends too early, at byte \(packed.count - 9) of the file; "
                        + "the events before it count\n"), "\(printed.prefix(500))")
            #expect(printed.contains(#""127.0.0.6","","","verified","50","#), "\(printed.prefix(500))")
        }
    }

    @Test("says how many lines it skipped, and how many requests the filter left out")
    func notices() async throws {
        try await withTemporaryDirectory { directory in
            let lines = (0..<8).map { AuditLine(from: [$0 < 6 ? "192.0.2.2" : "192.0.2.1"]).text }.joined()
            try Data((lines + "no event\n" + lines.dropLast(10)).utf8).write(to: directory.appending(path: "audit.log"))
            let first = "{name: first, networks: [192.0.2.1]}"
            try Data("filters: [\(first), {name: others, networks: [192.0.2.0/24]}]\n".utf8)
                .write(to: directory.appending(path: "filter.yml"))
            let printed = try await Self.scan(["DIR/audit.log", "--filter.file", "DIR/filter.yml"], in: directory)
            #expect(
                printed
                    == "exited with status 0: DIR/audit.log: skipped 2 of 17 lines that are not audit events; the first is at "
                    + "byte \(lines.utf8.count): not a JSON object\n"
                    + "8 requests match --filter.file and are not counted; by entry: 6 others, 2 first\n"
                    + "No source made more than 5 refused requests without credentials within 1h.\n")
        }
    }

    /// Logs with events in a form that is not read, and one log in a form that is.
    @Test(
        "exits with 1 for events in an envelope or a format that is not supported, also in a directory, unless it is an archive",
        arguments: [
            ("shipper.log", "it looks like the format ovh; give ovh:DIR/shipper.log, or --audit.format ovh"),
            ("docker.log", "it looks like the format docker; give docker:DIR/docker.log, or --audit.format docker"),
            ("audit.xz", "it is compressed with xz"), ("mixed.log", "looks like the format ovh"),
            ("other.log", "it looks like another program's log"),
        ])
    func wrapped(name: String, expected: String) async throws {
        try await withTemporaryDirectory { directory in
            let log = (0..<8).map { _ in AuditLine(from: ["192.0.2.1"]).text }.joined()
            let wrap = { (before: String, behind: String) in
                log.split(separator: "\n").map { line in
                    let text = line.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                    return "\(before)\"\(text)\"\(behind)\n"
                }
                .joined()
            }
            let shipped = wrap("{\"message\":", "}")
            let text =
                switch name {
                case "shipper.log": shipped
                case "other.log": wrap("{\"preview\":false,\"result\":{\"_raw\":", "}}")
                case "mixed.log": log + shipped
                case "docker.log": wrap("{\"stream\":\"stdout\",\"time\":\"t\",\"log\":", "}")
                default: "\u{0}"
                }
            let data = name == "audit.xz" ? Data([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4, 10, 9, 8]) : Data(text.utf8)
            try data.write(to: directory.appending(path: name))
            for argument in ["DIR/\(name)", "DIR"] {
                let printed = try await Self.scan([argument, Self.metadata, "--threshold", "49"], in: directory)
                // A directory of logs may have archives of other programs, so they are named and left out.
                let status = name == "audit.xz" && argument == "DIR" ? 3 : 1
                #expect(printed.hasPrefix("exited with status \(status): DIR/\(name): "), "\(printed.prefix(500))")
                #expect(printed.contains(expected) && printed.contains("127.0.0.6"), "\(printed.prefix(500))")
            }
        }
    }

    @Test("takes the end of an event at the beginning of a log as torn, not as another format")
    func cutBeginning() async throws {
        try await withTemporaryDirectory { directory in
            let lines = (0..<8).map { _ in AuditLine(from: ["192.0.2.1"]).text }.joined()
            let end = #""stage":"ResponseComplete"}"# + "\n"
            try Data((end + lines).utf8).write(to: directory.appending(path: "audit.log"))
            let printed = try await Self.scan(["DIR/audit.log"], in: directory)
            #expect(printed.hasPrefix("exited with status 3: DIR/audit.log: skipped 1 of 9 lines"), "\(printed)")
        }
    }

    @Test("says that it waits for a FIFO that no program writes to")
    func fifo() async throws {
        try await withTemporaryDirectory { directory in
            let fifo = directory.appending(path: "fifo")
            #expect(mkfifo(fifo.path, 0o600) == 0)
            let running = try await RunningProgram(
                Program.exporter.locate(), ["scan", fifo.path, "--threshold", "49", "--format", "csv"], name: "scan",
                in: directory)
            try await eventually("it to say so") {
                running.logText.contains("\(fifo.path): waiting for a program that writes to this FIFO\n")
            }
            let writer = try await Command.run(
                ["sh", "-c", #"cat "$0" > "$1""#, Self.metadata, fifo.path], in: directory)
            #expect(writer.status == 0)
            #expect(await running.untilExit() == .status(3))
            #expect(running.logText.contains(#""127.0.0.6","","","verified","50","#), "\(running.logText)")
        }
    }

    @Test("says which other outcomes have sources over the threshold")
    func otherOutcomes() async throws {
        try await withTemporaryDirectory { directory in
            let hardened = Fixture.url("audit-logs/hardened.log").path
            let hint =
                "the logs also have 62 unauthorized requests from 8 sources; --outcome unauthorized lists them\n"
            #expect(
                try await Self.scan([hardened, "--format", "json"], in: directory)
                    == "exited with status 0: \(hint)[]\n")
            for silent in [["--threshold", "74"], ["--until", "2026-11-29"]] {
                #expect(
                    try await Self.scan([hardened, "--format", "json"] + silent, in: directory)
                        == "exited with status 0: []\n")
            }
            let found = try await Self.scan([hardened, "--outcome", "unauthorized"], in: directory)
            #expect(found.hasPrefix("exited with status 3: src_ip") && !found.contains("outcome"), "\(found)")
            let outcomes = Fixture.url("audit-logs/outcomes.log").path
            let all = try await Self.scan([outcomes, "--outcome", "all"], in: directory)
            #expect(all.contains("127.0.0.72  verified      9          7             0        2  "), "\(all)")
            // An allowed request is over the threshold, also if there are fewer than six.
            let allowed = try await Self.scan([outcomes, "--outcome", "allowed", "--format", "csv"], in: directory)
            #expect(
                allowed.hasPrefix("exited with status 3: ") && allowed.split(separator: "\r\n").count == 5, "\(allowed)"
            )
            // Seven of these nine were forbidden.
            #expect(
                try await Self.scan([outcomes, "--outcome", "all", "--threshold", "8"], in: directory)
                    == "exited with status 0: No source made more than 8 requests of one outcome within 1h.\n")
            let others = "5 allowed requests from 4 sources and 6 unauthorized ones from 1 source"
            let forbidden = try await Self.scan([outcomes], in: directory)
            #expect(
                forbidden.hasPrefix(
                    "exited with status 3: the logs also have \(others); --outcome all lists them\nsrc_ip"),
                "\(forbidden)")
            #expect(
                try await Self.scan([outcomes, "--outcome", "allowed", "--threshold", "5"], in: directory)
                    == "exited with status 0: the logs also have 6 unauthorized requests from 1 source and 15 forbidden ones "
                    + "from 2 sources; --outcome all lists them\n"
                    + "No source made more than 5 allowed requests without credentials within 1h.\n")
            #expect(
                try await Self.scan([outcomes, "--outcome", "allowed", "--until", "2020-01-01"], in: directory)
                    == "exited with status 0: No source made allowed requests without credentials within 1h.\n")
            #expect(
                try await Self.scan([outcomes, "--outcome", "all", "--until", "2020-01-01"], in: directory)
                    == "exited with status 0: No source made more than 5 requests of one outcome, "
                    + "or an allowed one, within 1h.\n")
            #expect(
                try await Self.scan([hardened, "--outcome", "denied"], in: directory)
                    == "exited with status 64: --outcome: \"denied\" is not known; give forbidden, unauthorized, allowed or all\n"
            )
        }
    }

    @Test("takes an empty log for just rotated if another one has lines")
    func rotated() async throws {
        try await withTemporaryDirectory { directory in
            try Data().write(to: directory.appending(path: "audit.log"))
            let printed = try await Self.scan(
                ["DIR/*.log", Self.metadata, "--threshold", "50", "--format", "json"], in: directory)
            #expect(printed == "exited with status 0: DIR/audit.log: is empty\n[]\n")
        }
    }

    @Test("exits with 1 if its standard output is closed")
    func closedOutput() async throws {
        try await withTemporaryDirectory { directory in
            let exporter = try Program.exporter.locate().path
            let outcome = try await Command.run(
                ["sh", "-c", "\"$0\" scan \"$1\" >&-", exporter, Self.metadata], in: directory)
            #expect(outcome.status == 1)
            #expect(
                outcome.output.hasSuffix(
                    "kube-audit-exporter: the result cannot be written to standard output: it is closed\n"),
                "\(outcome)")
        }
    }

    @Test("ends with its status if its standard error is closed or full")
    func closedError() async throws {
        try await withTemporaryDirectory { directory in
            let exporter = try Program.exporter.locate().path
            for redirection in ["2>&-", "2>/dev/full", "2>&- >&-"] {
                let outcome = try await Command.run(
                    ["sh", "-c", "\"$0\" scan missing.log \(redirection)", exporter], in: directory)
                #expect(outcome.status == 1, "\(redirection): \(outcome)")
            }
        }
    }

    @Test("exits with 1 if its result cannot be written")
    func fullDisk() async throws {
        try await withTemporaryDirectory { directory in
            let exporter = try Program.exporter.locate().path
            let outcome = try await Command.run(
                ["sh", "-c", "\"$0\" scan \"$1\" > /dev/full", exporter, Self.metadata], in: directory)
            #expect(outcome.status == 1)
            #expect(
                outcome.output.contains("kube-audit-exporter: the result cannot be written to standard output: "),
                "\(outcome)")
        }
    }

    @Test("explains its exit statuses and has an example in its help")
    func help() async throws {
        let (exit, output) = try await Program.exporter.run(["scan", "--help"])
        #expect(exit == .status(0))
        #expect(output.contains("Exit status: 0") && output.contains("kube-audit-exporter scan --since 7d"))
        let help = try await Program.exporter.run(["--help"]).output
        #expect(help.contains("  scan  "), "\(help)")
    }
}
