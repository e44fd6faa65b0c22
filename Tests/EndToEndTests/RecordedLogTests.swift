import Foundation
import LocalStack
import TestSupport
import Testing

/// The log of a real API server, from its start through the scans, written at once.
@Suite("The recorded log", .stackWithRecordedLog)
struct RecordedLogTests {
    @Test("gives the alerts that it should, each once, and no other", .timeLimit(.minutes(2)))
    func alerts() async throws {
        let stack = try SharedStack.get()
        try await stack.eventually("all alerts") {
            Set(stack.receiver.delivered.compactMap { ExpectedAlert(labels: $0.labels) })
        } is: {
            $0.isSuperset(of: RecordedLog.alerts)
        }

        // Time for more to come: what the rules count for the source with exactly 5 is written down at each evaluation.
        let silent =
            #"cluster_src_ip_origin:kube_audit_unauthenticated_forbidden_requests:increase1h{src_ip="127.0.0.3"}"#
        try await stack.eventually("six evaluations that count 127.0.0.3") {
            try await stack.api.value("count_over_time(\(silent)[1h])")
        } is: {
            $0.map { $0 >= 6 } ?? false
        }

        let delivered = stack.receiver.delivered
        #expect(Set(delivered.compactMap { ExpectedAlert(labels: $0.labels) }) == RecordedLog.alerts)
        // And none for the network of them all, whose quiet sources made too few requests to tell of.
        #expect(delivered.count == RecordedLog.alerts.count, "\(delivered.map(\.labels))")
        let firing = try await stack.api.alerts()
        #expect(firing.count == RecordedLog.alerts.count, "\(firing.map(\.labels))")
    }

    @Test("is exposed in a way that promtool has nothing to say about", .timeLimit(.minutes(1)))
    func metricsText() async throws {
        let stack = try SharedStack.get()
        let answer = try await HTTPClient.get(stack.exporter.url.appending(path: "/metrics"))
        #expect(answer.status == 200)
        let check = try await Program.promtool.run(["check", "metrics"], input: answer.body)
        #expect(check.exit == .status(0), "\(check.output)")
        #expect(check.output == "")
    }

    /// What is there only in other circumstances, so that this stack has none of it.
    private static let elsewhere: Set<Substring> = [
        // With TLS.
        "kube_audit_tls_certificate_not_after_timestamp_seconds"
    ]

    // A panel that shows 0 where there is nothing, and an alert that never fires, hide a name that was mistyped.
    @Test("has every metric that the dashboard and the rules name", .timeLimit(.minutes(2)))
    func names() async throws {
        let stack = try SharedStack.get()
        for file in [Self.dashboardFile, Fixture.repository.appending(path: "alerts/access-scanning.rules.yaml")] {
            let text = try String(contentsOf: file, encoding: .utf8)
            let names = Set(text.matches(of: /\b(?:cluster_\w+:\w+:|kube_audit_|process_)\w+/).map(\.output))
            #expect(!names.isEmpty)
            for name in names.subtracting(Self.elsewhere).sorted() {
                try await stack.eventually("\(name), which \(file.lastPathComponent) names", within: .seconds(10)) {
                    try await stack.api.query("count(last_over_time(\(name)[1h]))")
                } is: {
                    !$0.isEmpty
                }
            }
        }
    }

    private static let dashboardFile = Fixture.repository.appending(path: "dashboards/access-scanning.json")
}
