import Foundation
import LocalStack
import TestSupport
import Testing
import Yams

/// The unit tests of the analytic's rule, with the counters of the other outcomes in place of the analytic's.
@Suite("The truth table of the detection")
struct TruthTableTests {
    struct Outcome: Sendable, CustomTestStringConvertible {
        var rule: DetectionRule
        /// The alert with the analytic's threshold; `nil` if it has another one, so that only counts can be compared.
        var alert: String?
        /// Further labels of its counters.
        var labels = ""
        /// A lower bound of the expectations, so that a change of the unit tests does not empty this test.
        var expectations: Int

        var testDescription: String { rule.requests }
    }

    // Without credentials, more than the threshold is enough; otherwise the number of paths decides too.
    private static let outcomes = [
        Outcome(
            rule: .unauthorized, alert: "KubernetesAccessScanningUnauthorized", labels: #"credentials="none", "#,
            expectations: 40),
        Outcome(rule: .allowed, alert: nil, expectations: 18),
    ]

    @Test("holds for the counters of each outcome", .timeLimit(.minutes(2)), arguments: outcomes)
    func holds(outcome: Outcome) async throws {
        var count = 0
        for file in ["access-scanning.rules.test.yaml", "labels.rules.test.yaml"] {
            let alerts = Fixture.repository.appending(path: "alerts")
            let text = try String(contentsOf: alerts.appending(path: file), encoding: .utf8)
            let document = try #require(try Yams.load(yaml: text) as? [String: Any])
            let tests = try #require(document["tests"] as? [[String: Any]])
            let renamed = try tests.compactMap { try Self.renamed($0, for: outcome) }
            count += renamed.map(\.expectations).reduce(0, +)
            // promtool reads JSON as YAML.
            let unitTests = try JSONSerialization.data(
                withJSONObject: [
                    "rule_files": [alerts.appending(path: "access-scanning.rules.yaml").path],
                    "evaluation_interval": "1m", "tests": renamed.map(\.test),
                ], options: .withoutEscapingSlashes)
            try await withTemporaryDirectory { directory in
                let file = directory.appending(path: "outcome.rules.test.yaml")
                try unitTests.write(to: file)
                let test = try await Program.promtool.run(["test", "rules", file.path])
                #expect(test.exit == .status(0), "\(test.output)")
            }
        }
        #expect(count >= outcome.expectations, "only \(count) expectations are left")
    }

    /// A test with the outcome's names, and the number of its expectations; `nil` if it has none for counters of sources.
    private static func renamed(
        _ test: [String: Any], for outcome: Outcome
    ) throws -> (test: [String: Any], expectations: Int)? {
        let analytic = DetectionRule.forbidden
        var test = test
        // These compare all labels and annotations of an alert, which are the analytic's own.
        test["alert_rule_test"] = nil
        let series = try #require(test["input_series"] as? [[String: Any]])
        test["input_series"] = try series.map { series in
            let name = try #require(series["series"] as? String)
                .replacing("\(analytic.requests){", with: "\(outcome.rule.requests){\(outcome.labels)")
                .replacing("\(analytic.firstSeen){", with: "\(outcome.rule.firstSeen){\(outcome.labels)")
            return series.merging(["series": name]) { $1 }
        }
        let alert = #"alertname="KubernetesAccessScanning""#
        let expectations = (test["promql_expr_test"] as? [[String: Any]] ?? []).filter { expectation in
            let expression = expectation["expr"] as? String ?? ""
            if expression.contains(analytic.name) { return true }
            return outcome.alert != nil && expression.contains(alert) && !"\(expectation)".contains("severity=")
        }
        guard !expectations.isEmpty else { return nil }
        test["promql_expr_test"] = try expectations.map { expectation in
            let expression = try #require(expectation["expr"] as? String)
                .replacing(analytic.name, with: outcome.rule.name)
                .replacing(alert, with: "alertname=\"\(outcome.alert ?? "")\"")
            return expectation.merging(["expr": expression]) { $1 }
        }
        return (test, expectations.count)
    }
}
