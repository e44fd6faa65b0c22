import Foundation
import TestSupport
import Testing
import Yams

/// `dashboards/.lint` excludes panels from rules of Grafana's dashboard-linter, with reasons.
@Suite("The exceptions for dashboard-linter")
struct DashboardLintTests {
    private struct Configuration: Decodable {
        var exclusions: [String: Exclusion]
    }

    private struct Exclusion: Decodable {
        var reason: String
        var entries: [Entry]?
    }

    private struct Entry: Decodable, Hashable {
        var dashboard: String
        var panel: String?
    }

    private let exclusions: [String: Exclusion]

    init() throws {
        let file = Fixture.repository.appending(path: "dashboards/.lint")
        exclusions = try YAMLDecoder().decode(Configuration.self, from: try Data(contentsOf: file)).exclusions
    }

    @Test("name the excluded rules, each with its reason")
    func rules() {
        #expect(
            Set(exclusions.keys) == [
                "target-job-rule", "target-instance-rule", "target-counter-agg-rule", "uneditable-dashboard",
            ])
        for exclusion in exclusions.values { #expect(!exclusion.reason.isEmpty) }
    }

    @Test("are exactly the panels that use recording rules or alerts of all exporters")
    func matchers() throws {
        let expected = try panels { $0.isOfRules }
        #expect(Set(exclusions["target-job-rule"]?.entries ?? []) == expected)
        #expect(Set(exclusions["target-instance-rule"]?.entries ?? []) == expected)
    }

    @Test("are exactly the panels that show counter values")
    func counters() throws {
        let expected = try panels { $0.metric.hasSuffix("_total") && $0.function != "rate" }
        #expect(Set(exclusions["target-counter-agg-rule"]?.entries ?? []) == expected)
    }

    private func panels(
        with isException: (DashboardExpression.Selector) -> Bool
    ) throws -> Set<Entry> {
        Set(
            try Dashboard.all().map(\.dashboard).flatMap { dashboard in
                dashboard.shown.filter { $0.expressions.flatMap(\.selectors).contains(where: isException) }
                    .map { Entry(dashboard: dashboard.title, panel: $0.title) }
            })
    }
}
