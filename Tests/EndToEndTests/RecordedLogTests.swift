import Foundation
import LocalStack
import TestSupport
import Testing

/// The log of a real API server, from its start through the scans, written at once.
@Suite("The recorded log", .stackWithRecordedLog)
struct RecordedLogTests {
    @Test("raises the expected alerts, each once, and no other", .timeLimit(.minutes(2)))
    func alerts() async throws {
        let stack = try SharedStack.get()
        let expected = RecordedLog.alerts.union(RecordedLog.otherAlerts)
        try await stack.eventually("all alerts") {
            Set(stack.receiver.delivered.compactMap { ExpectedAlert(labels: $0.labels) })
        } is: {
            $0.isSuperset(of: expected)
        }

        // Time for further alerts: each evaluation stores the count of the source with exactly 5 requests.
        let silent =
            #"cluster_src_ip_origin:kube_audit_unauthenticated_forbidden_requests:increase1h{src_ip="127.0.0.3"}"#
        try await stack.eventually("six evaluations that count 127.0.0.3") {
            try await stack.api.value("count_over_time(\(silent)[1h])")
        } is: {
            $0.map { $0 >= 6 } ?? false
        }

        let delivered = stack.receiver.delivered
        #expect(Set(delivered.compactMap { ExpectedAlert(labels: $0.labels) }) == expected)
        // No alert for their network, whose quiet sources made too few requests.
        #expect(delivered.count == expected.count, "\(delivered.map(\.labels))")
        let firing = try await stack.api.alerts()
        #expect(firing.count == expected.count, "\(firing.map(\.labels))")
    }

    @Test("has the audit ID of a source's last request as an exemplar in Prometheus", .timeLimit(.minutes(1)))
    func exemplars() async throws {
        let stack = try SharedStack.get()
        let last = try RecordedLog.lines().last { $0.contains(#""sourceIPs":["127.0.0.4"]"#) && $0.contains(":403") }
        let auditID = try #require(last?.firstMatch(of: /"auditID":"([^"]+)"/)?.1)
        try await stack.eventually("the audit ID \(auditID)") {
            try await stack.api.exemplars(
                #"kube_audit_unauthenticated_forbidden_requests_total{src_ip="127.0.0.4"}"#)
        } is: {
            $0.contains(["audit_id": String(auditID)])
        }
        let page = try await HTTPClient.get(
            stack.exporter.url.appending(path: "/sources").appending(
                queryItems: [URLQueryItem(name: "audit_id", value: String(auditID))]))
        #expect(page.status == 200 && String(decoding: page.body, as: UTF8.self).contains("127.0.0.4"))
    }

    @Test("is exposed without complaints by promtool", .timeLimit(.minutes(1)))
    func metricsText() async throws {
        let stack = try SharedStack.get()
        let answer = try await HTTPClient.get(stack.exporter.url.appending(path: "/metrics"))
        #expect(answer.status == 200)
        let check = try await Program.promtool.run(["check", "metrics"], input: answer.body)
        #expect(check.exit == .status(0), "\(check.output)")
        #expect(check.output == "")
    }

    /// Metrics that this stack does not have.
    private static let elsewhere: Set<Substring> = [
        // Only with TLS.
        "kube_audit_tls_certificate_not_after_timestamp_seconds",
        // Only with the webhook.
        "kube_audit_webhook_requests_total",
        // Only with a request that was allowed, and with a scan that was not authenticated; see OutcomeAlertsTests.
        "kube_audit_anonymous_allowed_requests_total",
        "kube_audit_anonymous_allowed_source_first_seen_timestamp_seconds",
        "cluster_src_ip_origin:kube_audit_anonymous_allowed_requests:increase1h",
        "cluster_src_ip_origin:kube_audit_unauthorized_scanning:increase1h",
    ]

    // A panel that shows 0 without data, or an alert that never fires, would hide a misspelled name.
    @Test("has every metric that the dashboards and the rules name", .timeLimit(.minutes(2)))
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
