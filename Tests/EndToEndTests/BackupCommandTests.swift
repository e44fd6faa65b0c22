import Foundation
import LocalStack
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
            let pattern = /.*\/copy: 2 sources, [1-9] read positions?, as written at 20\d\d-\S+Z\n/
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
