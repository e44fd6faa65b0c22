import Foundation
import TestSupport
import Testing
import Yams

/// `dashboards/.lint` tells Grafana's dashboard-linter which of its rules cannot hold where, and why.
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

    @Test("name the rules that cannot hold, each with its reason")
    func rules() {
        #expect(
            Set(exclusions.keys) == [
                "target-job-rule", "target-instance-rule", "target-counter-agg-rule", "uneditable-dashboard",
            ])
        for exclusion in exclusions.values { #expect(!exclusion.reason.isEmpty) }
    }

    @Test("are the panels that ask for what rules make of all exporters, and no others")
    func matchers() throws {
        let expected = try panels { $0.isOfRules }
        #expect(Set(exclusions["target-job-rule"]?.entries ?? []) == expected)
        #expect(Set(exclusions["target-instance-rule"]?.entries ?? []) == expected)
    }

    @Test("are the panels that show a counter as it stands, and no others")
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
