import Foundation
import Glibc
import LocalStack
import TestSupport
import Testing

@Suite("An exporter whose files fail", .timeLimit(.minutes(2)))
struct FileFaultTests {
    private struct Exporter {
        let program: RunningProgram
        let port: UInt16

        func metrics() async throws -> String {
            let url = try #require(URL(string: "http://127.0.0.1:\(port)/metrics"))
            return String(decoding: try await HTTPClient.get(url).body, as: UTF8.self)
        }

        func expect(_ samples: String..., within deadline: Duration = .seconds(30)) async throws {
            try await eventually("\(samples)", within: deadline) {
                try await metrics()
            } is: { text in
                samples.allSatisfy { text.contains("\n\($0)\n") }
            }
        }
    }

    private static func start(_ files: FaultyFiles, _ log: String = "audit.log", input: URL? = nil) async throws
        -> Exporter
    {
        let port = try LocalServer.freePort()
        let program = try await files.startExporter(
            ["--audit.log", log, "--audit.from", "beginning", "--web.listen-address", "127.0.0.1:\(port)"], input: input
        )
        return Exporter(program: program, port: port)
    }

    private static func lines(_ count: Int) -> String {
        (0..<count).map { _ in AuditLine(from: ["192.0.2.1"]).text }.joined()
    }

    @Test("reports a log that cannot be read, and reads it on afterwards without reading anything twice")
    func readError() async throws {
        try await withTemporaryDirectory { directory in
            let files = try await FaultyFiles(in: directory)
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            try log.append(Self.lines(300))
            let exporter = try await Self.start(files)
            try await exporter.expect(
                #"kube_audit_lines_total{input="file"} 300"#, #"kube_audit_log_readable{log="audit.log"} 1"#)
            try files.begin("eio")
            try log.append(Self.lines(1))
            try await exporter.expect(#"kube_audit_log_readable{log="audit.log"} 0"#)
            try files.end("eio")
            try await exporter.expect(
                #"kube_audit_log_readable{log="audit.log"} 1"#, #"kube_audit_lines_total{input="file"} 301"#,
                #"kube_audit_log_truncations_total{log="audit.log"} 0"#)
            let errors = try await exporter.metrics().firstMatch(
                of: /kube_audit_log_read_errors_total\{log="audit.log"\} (\d+)/)
            #expect(try Int(#require(errors).1) ?? 0 > 0)
            let text = exporter.program.logText
            #expect(text.ranges(of: "Input/output error").count == 1, "\(text)")
            #expect(text.ranges(of: "Log can be read again").count == 1, "\(text)")
            await exporter.program.stop()
        }
    }

    @Test("answers scrapes, says so, and stops, while the file system does not answer")
    func hanging() async throws {
        try await withTemporaryDirectory { directory in
            let files = try await FaultyFiles(in: directory)
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            try log.append(Self.lines(1))
            let exporter = try await Self.start(files)
            try await exporter.expect(#"kube_audit_lines_total{input="file"} 1"#)
            try files.begin("hang")
            try await exporter.expect(#"kube_audit_log_readable{log="audit.log"} 0"#)
            #expect(exporter.program.logText.contains("no answer from the file system"))
            try files.end("hang")
            try log.append(Self.lines(1))
            try await exporter.expect(
                #"kube_audit_lines_total{input="file"} 2"#, #"kube_audit_log_readable{log="audit.log"} 1"#)
            try files.begin("hang")
            // Longer than between two looks.
            try await Task.sleep(for: .seconds(2))
            let start = ContinuousClock.now
            exporter.program.send(signal: SIGTERM)
            #expect(await exporter.program.untilExit() == .status(0), "\(exporter.program.logText)")
            #expect(ContinuousClock.now - start < .seconds(4))
        }
    }

    @Test("does not take an error of standard input for its end")
    func standardInput() async throws {
        try await withTemporaryDirectory { directory in
            let files = try await FaultyFiles(in: directory)
            let exporter = try await Self.start(files, "-", input: directory)
            try await exporter.expect(
                #"kube_audit_log_readable{log="-"} 0"#, #"kube_audit_log_read_errors_total{log="-"} 1"#)
            let text = exporter.program.logText
            #expect(text.contains(#"log=- reason="Is a directory""#), "\(text)")
            #expect(!text.contains("ended"), "\(text)")
            await exporter.program.stop()
        }
    }
}
