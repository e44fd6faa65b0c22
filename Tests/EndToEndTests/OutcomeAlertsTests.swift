import Foundation
import LocalStack
import TestSupport
import Testing

/// The logs of a real API server, with anonymous access off and on, as the alerts of all outcomes see them.
@Suite("The outcomes of requests without a user", .stack)
struct OutcomeAlertsTests {
    /// Alert, severity, source and origin.
    private static let expected: Set = [
        // Anonymous access is off: many paths.
        "KubernetesAccessScanningUnauthorized warning 127.0.0.50 verified",
        "KubernetesAccessScanningUnauthorized warning 127.0.0.53 verified",
        "KubernetesAccessScanningUnauthorized warning 127.0.0.55 verified",
        "KubernetesAccessScanningUnauthorized warning 127.0.0.57 verified",
        "KubernetesAccessScanningUnauthorized info 198.51.100.9 claimed",
        // One path: with several queries, by a stale client, watches, and with one audit ID.
        "KubernetesAuthenticationFailures info 127.0.0.52 verified",
        "KubernetesAuthenticationFailures info 127.0.0.54 verified",
        "KubernetesAuthenticationFailures info 127.0.0.58 verified",
        "KubernetesAuthenticationFailures info 127.0.0.61 verified",
        // Anonymous access is on: a scan, one that found something open, allowed requests, and a wrong token.
        "KubernetesAccessScanning warning 127.0.0.71 verified",
        "KubernetesAccessScanning warning 127.0.0.72 verified",
        "KubernetesAnonymousAccessAllowed critical 127.0.0.72 verified",
        "KubernetesAnonymousAccessAllowed warning 127.0.0.73 verified",
        "KubernetesAnonymousAccessAllowed warning 127.0.0.76 verified",
        "KubernetesAnonymousAccessAllowed warning 127.0.0.77 verified",
        "KubernetesAccessScanningUnauthorized warning 127.0.0.75 verified",
    ]

    @Test("raise the expected alerts, each once, and no other", .timeLimit(.minutes(2)))
    func alerts() async throws {
        let stack = try SharedStack.get()
        for log in ["hardened.log", "outcomes.log"] {
            try stack.log.append(String(decoding: try Fixture.bytes("audit-logs/\(log)"), as: UTF8.self))
        }
        let alerts = { (labels: [[String: String]]) in
            labels.filter { $0["src_ip"] != nil }.map { labels in
                ["alertname", "severity", "src_ip", "origin"].compactMap { labels[$0] }.joined(separator: " ")
            }
        }
        try await stack.eventually("all alerts") {
            Set(alerts(try await stack.api.alerts().map(\.labels)))
        } is: {
            $0 == Self.expected
        }
        // 127.0.0.51 made exactly five requests.
        let silent =
            #"cluster_src_ip_origin_credentials:kube_audit_unauthorized_requests:increase1h{src_ip="127.0.0.51"}"#
        try await stack.eventually("six evaluations that count 127.0.0.51") {
            try await stack.api.value("count_over_time(\(silent)[1h])")
        } is: {
            $0.map { $0 >= 6 } ?? false
        }
        #expect(Set(alerts(try await stack.api.alerts().map(\.labels))) == Self.expected)
        // A scrape between the requests of a source may find its alert before the one that replaces it.
        let delivered = alerts(stack.receiver.delivered.map(\.labels))
        #expect(Set(delivered).isSuperset(of: Self.expected), "\(delivered)")
        let scopes = Set(stack.receiver.delivered.compactMap { $0.labels["source_scope"] })
        #expect(scopes == ["private", "public"])
    }
}
