import Foundation
import LocalStack
import TestSupport
import Testing

/// What promtool says of the rules.
@Suite("The alert rules")
struct AlertRulesTests {
    private static let rules = Fixture.repository.appending(path: "alerts/access-scanning.rules.yaml").path
    private static let tests = Fixture.repository.appending(path: "alerts/access-scanning.rules.test.yaml").path

    @Test("are well formed, and no two are alike", .timeLimit(.minutes(1)))
    func check() async throws {
        let check = try await Program.promtool.run(["check", "rules", "--lint-fatal", Self.rules])
        #expect(check.exit == .status(0), "\(check.output)")
    }

    @Test("pass their unit tests", .timeLimit(.minutes(2)))
    func unitTests() async throws {
        let test = try await Program.promtool.run(["test", "rules", Self.tests])
        #expect(test.exit == .status(0), "\(test.output)")
    }
}
