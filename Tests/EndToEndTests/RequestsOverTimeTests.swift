import Foundation
import LocalStack
import Testing

/// The dashboard's expression for requests over time, for each minute, on counters invented for promtool where
/// `increase()` is wrong.
@Suite("The dashboard's requests over time")
struct RequestsOverTimeTests {
    /// A counter, its creation time in seconds, and the expected value of each minute; `nil` for no value.
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
            testDescription: "a source counts once if the exporter's clock is ahead", counter: "_x10 6x5 8x20",
            created: "_x10 1200x25", shown: [10: 6, 11: 0, 15: 0, 16: 2, 17: 0, 20: 0]),
        Scenario(
            testDescription: "a counter that rises counts its increase", counter: "5x10 8x5 9x10",
            created: "-90000x30", shown: [10: 0, 11: 3, 12: 0, 17: 1, 18: 0]),
        Scenario(
            testDescription: "an old counter that Prometheus first scrapes now counts nothing",
            counter: "_x10 100x5 101x5", created: "_x10 -90000x20", shown: [10: 0, 11: 0, 16: 1]),
        Scenario(
            testDescription: "a counter of an exporter that lost its state counts again in full", counter: "100x9 7x10",
            created: "-90000x9 590x10", shown: [9: 0, 10: 7, 11: 0]),
        Scenario(
            testDescription: "a counter that fell while Prometheus could not scrape it is never below zero",
            counter: "100x9 stale _x4 7x5", created: "-90000x9 stale _x4 700x5", shown: [14: nil, 15: 0, 16: 0]),
        Scenario(
            testDescription: "a retired source subtracts nothing", counter: "100x9 stale _x9",
            created: "0x9 stale _x9", shown: [9: 0, 10: nil, 11: nil]),
        Scenario(
            testDescription: "a source that returns after its retirement counts in full",
            counter: "100x9 stale _x9 103x5", created: "-90000x9 stale _x9 1190x5", shown: [19: nil, 20: 103, 21: 0]),
        Scenario(
            testDescription: "an exporter that could not be scraped counts meanwhile requests at its return",
            counter: "100x9 stale _x19 110x5", created: "-90000x9 stale _x19 -90000x5", shown: [29: nil, 30: 10, 31: 0]),
        Scenario(
            testDescription: "an exporter that could not be scraped for more than an hour does not count them",
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
