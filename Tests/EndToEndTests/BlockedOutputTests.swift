import Foundation
import Glibc
import LocalStack
import TestSupport
import Testing

@Suite("An exporter whose standard error is blocked")
struct BlockedOutputTests {
    @Test("counts, answers scrapes and stops", .timeLimit(.minutes(1)))
    func blocked() async throws {
        try await withTemporaryDirectory { directory in
            // The exporter's output: a full pipe without a reader.
            let pipe = directory.appending(path: "exporter.log").path
            try #require(mkfifo(pipe, 0o600) == 0)
            let descriptor = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            let block = [UInt8](repeating: 10, count: 4096)
            while write(descriptor, block, block.count) > 0 {}
            while write(descriptor, block, 1) > 0 {}

            try Data(AuditLine(from: ["192.0.2.1"]).text.utf8).write(to: directory.appending(path: "audit.log"))
            let port = try LocalServer.freePort()
            let exporter = try await RunningProgram(
                Program.exporter.locate(),
                ["--audit.log", "audit.log", "--audit.from", "beginning", "--web.listen-address", "127.0.0.1:\(port)"],
                name: "exporter",
                in: directory)
            let metrics = try #require(URL(string: "http://127.0.0.1:\(port)/metrics"))
            try await eventually("the request to be counted") {
                String(decoding: try await HTTPClient.get(metrics).body, as: UTF8.self)
            } is: {
                $0.contains(#"src_ip="192.0.2.1",country="",city="",origin="verified"} 1"#)
            }
            let start = ContinuousClock.now
            exporter.send(signal: SIGTERM)
            #expect(await exporter.untilExit() == .status(0))
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }
}
