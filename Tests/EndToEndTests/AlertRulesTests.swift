import Foundation
import LocalStack
import TestSupport
import Testing

/// The rules, checked by promtool.
@Suite("The alert rules")
struct AlertRulesTests {
    private static let alerts = Fixture.repository.appending(path: "alerts")
    private static let files = [
        "access-scanning.rules.test.yaml", "labels.rules.test.yaml", "links.rules.test.yaml", "network.rules.test.yaml",
        "outcomes.rules.test.yaml", "risk.rules.test.yaml", "scope.rules.test.yaml",
    ]

    @Test("are valid and unique", .timeLimit(.minutes(1)))
    func check() async throws {
        let rules = Self.alerts.appending(path: "access-scanning.rules.yaml").path
        let check = try await Program.promtool.run(["check", "rules", "--lint-fatal", rules])
        #expect(check.exit == .status(0), "\(check.output)")
    }

    @Test(
        "pass their unit tests", .timeLimit(.minutes(2)),
        arguments: files)
    func unitTests(file: String) async throws {
        let test = try await Program.promtool.run(["test", "rules", Self.alerts.appending(path: file).path])
        #expect(test.exit == .status(0), "\(test.output)")
    }

    @Test("have no unit test that is not run")
    func allFiles() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.alerts.path)
        #expect(
            files.filter { $0.hasSuffix(".test.yaml") }.sorted()
                == Self.files)
    }
}
