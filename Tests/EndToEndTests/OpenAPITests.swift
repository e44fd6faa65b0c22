import Foundation
import LocalStack
import TestSupport
import Testing

@Suite(
    "The API", .enabled(if: isInstalled(.schemathesis), "schemathesis is missing: install it with `make python`"),
    .timeLimit(.minutes(5)))
struct OpenAPITests {
    @Test("does what its OpenAPI description says, for any request that schemathesis makes from it")
    func description() async throws {
        try await withTemporaryDirectory { directory in
            try HostileRequests.log.write(to: directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(in: directory)
            try await exporter.untilRead()
            let description = Fixture.repository.appending(path: "docs/openapi.yaml").path
            let check = try await Program.schemathesis.run([
                "run", description, "--url", exporter.server.url.absoluteString, "--max-examples", "50", "--seed", "1",
                "--no-color",
            ])
            #expect(check.exit == .status(0), "\(check.output)")
            #expect(check.output.contains(/Tested: 2/), "\(check.output)")
            await exporter.program.stop()
        }
    }
}

/// Whether a program is there.
func isInstalled(_ program: Program) -> Bool { (try? program.locate()) != nil }
