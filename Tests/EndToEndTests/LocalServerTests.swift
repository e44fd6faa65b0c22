import Foundation
import HTTPServing
import LocalStack
import TestSupport
import Testing

/// Makes sure that the test stack is reliable.
@Suite("A server of the stack")
struct LocalServerTests {
    @Test("uses another port if the first one is taken meanwhile", .timeLimit(.minutes(1)))
    func portIsTaken() async throws {
        let other = try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: Routes())
        defer { other.stop() }
        try await withTemporaryDirectory { directory in
            try Data("global: {}".utf8).write(to: directory.appending(path: "prometheus.yml"))
            var ports = [other.address.port]
            let server = try await LocalServer.start(.prometheus, in: directory) {
                try ports.popLast() ?? LocalServer.freePort()
            } arguments: {
                ["--config.file=prometheus.yml", "--web.listen-address=127.0.0.1:\($0)"]
            }
            #expect(server.url.port.map(UInt16.init) != other.address.port)
            #expect(server.program.exit == nil)
            await server.program.stop()
            #expect(server.program.exit == .status(0))
        }
    }

    @Test("that does not start reports the reason and the end of its log", .timeLimit(.minutes(1)))
    func doesNotStart() async throws {
        try await withTemporaryDirectory { directory in
            let failure = await #expect(throws: ProgramFailure.self) {
                _ = try await LocalServer.start(.prometheus, in: directory) { _ in ["--config.file=missing.yml"] }
            }
            let text = failure?.description ?? ""
            #expect(text.contains("prometheus exited with status 2 before it was ready"))
            #expect(text.contains("missing.yml"))
        }
    }
}
