import Foundation
import LocalStack
import Testing

/// What the dashboard draws over time is right where `increase()` is not: its expression, for each minute, on counters
/// made up for promtool.
@Suite("The dashboard's requests over time")
struct RequestsOverTimeTests {
    /// A counter, when it was created (seconds), and what each minute must show of it; `nil` for no value.
    struct Scenario: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var counter: String
        var created: String
        var shown: [Int: Double?]
    }

    // In promtool's notation: a value a minute; `3x2` is 3 and two more of it, `_x2` is two without a value, `stale` the end of a series.
    static let scenarios = [
        Scenario(
            testDescription: "a source that is new counts in full, once", counter: "_x10 6x20", created: "_x10 570x20",
            shown: [9: nil, 10: 6, 11: 0, 30: 0]),
        Scenario(
            testDescription: "a counter that rises counts what it rose by", counter: "5x10 8x5 9x10",
            created: "-90000x30", shown: [10: 0, 11: 3, 12: 0, 17: 1, 18: 0]),
        Scenario(
            testDescription: "an old counter that Prometheus meets for the first time counts nothing",
            counter: "_x10 100x5 101x5", created: "_x10 -90000x20", shown: [10: 0, 11: 0, 16: 1]),
        Scenario(
            testDescription: "a counter of an exporter that lost its state counts anew", counter: "100x9 7x10",
            created: "-90000x9 590x10", shown: [9: 0, 10: 7, 11: 0]),
        Scenario(
            testDescription: "a counter that fell while Prometheus could not see it is never below nought",
            counter: "100x9 stale _x4 7x5", created: "-90000x9 stale _x4 700x5", shown: [14: nil, 15: 0, 16: 0]),
        Scenario(
            testDescription: "a source that was retired takes nothing away", counter: "100x9 stale _x9",
            created: "0x9 stale _x9", shown: [9: 0, 10: nil, 11: nil]),
        Scenario(
            testDescription: "a source that comes back after it was retired counts in full",
            counter: "100x9 stale _x9 103x5", created: "-90000x9 stale _x9 1190x5", shown: [19: nil, 20: 103, 21: 0]),
        Scenario(
            testDescription: "an exporter that was away counts at its return what it counted meanwhile",
            counter: "100x9 stale _x19 110x5", created: "-90000x9 stale _x19 -90000x5", shown: [29: nil, 30: 10, 31: 0]),
        Scenario(
            testDescription: "an exporter that was away for more than an hour counts nothing of it",
            counter: "100x9 stale _x79 110x5 112x5", created: "-90000x9 stale _x79 -90000x12",
            shown: [90: 0, 91: 0, 96: 2]),
    ]

    @Test("are right where", .timeLimit(.minutes(1)), arguments: scenarios)
    func requests(_ scenario: Scenario) async throws {
        let panel = try #require(
            try Dashboard.all().flatMap(\.dashboard.shown).first { $0.title == "Requests by origin" })
        #expect(panel.interval == "1m")
        let expression = try panel.expressions[0].filled(interval: 60)
        let labels = #"{job="kube-audit-exporter", instance="a:1", src_ip="192.0.2.1", origin="verified"}"#
        let test = try await PromtoolExpressions(
            series: [
                ("kube_audit_unauthenticated_forbidden_requests_total\(labels)", scenario.counter),
                ("kube_audit_source_first_seen_timestamp_seconds\(labels)", scenario.created),
            ],
            cases: scenario.shown.sorted { $0.key < $1.key }.map { minute, value in
                (minute, expression, value.map { [(#"{origin="verified"}"#, $0)] } ?? [])
            }
        ).run()
        #expect(test.exit == .status(0), "\(test.output)")
    }
}
