import LocalStack
import TestSupport
import Testing

/// A case that `increase(x[1h]) > 5` misses: Prometheus first scrapes the source's counter at its final value.
@Suite("A burst of requests from a new address", .stack)
struct BurstTests {
    @Test("fires at the sixth, and Alertmanager delivers it with all its labels", .timeLimit(.minutes(2)))
    func sixRequestsFire() async throws {
        let stack = try SharedStack.get()
        try stack.log.append(Self.burst(of: 6, from: "192.0.2.6"))

        let delivered = try await stack.eventually("the alert for 192.0.2.6") {
            stack.receiver.delivered.filter { $0.labels["src_ip"] == "192.0.2.6" }
        } is: {
            !$0.isEmpty
        }
        let alert = try #require(delivered.first)
        #expect(
            alert.labels == [
                "alertname": "KubernetesAccessScanning", "severity": "warning", "risk_score": "49", "impact": "70",
                "confidence": "70", "mitre_attack_id": "T1046", "mitre_attack_tactic": "Discovery",
                "kill_chain_phase": "Exploitation", "nist": "DE.AE", "cis": "CIS 13",
                "analytic_story": "Kubernetes Security",
                "detection_id": "f5edd22d-0f3b-4c70-bcfe-5bf41150f10c", "src_ip": "192.0.2.6", "country": "Germany",
                "city": "Berlin", "origin": "verified", "source_scope": "public",
            ])
        #expect(alert.annotations["summary"] == "Kubernetes scanning from ip 192.0.2.6")
        #expect(alert.status == "firing")
    }

    @Test("stays silent at five, at every evaluation", .timeLimit(.minutes(2)))
    func fiveRequestsStaySilent() async throws {
        let stack = try SharedStack.get()
        try stack.log.append(Self.burst(of: 5, from: "192.0.2.5"))

        // Each evaluation of the recording rule stores its count, so six values prove six evaluations that included the
        // source.
        let counted =
            #"cluster_src_ip_origin:kube_audit_unauthenticated_forbidden_requests:increase1h{src_ip="192.0.2.5"}"#
        try await stack.eventually("six evaluations that count 192.0.2.5") {
            try await stack.api.value("count_over_time(\(counted)[1h])")
        } is: {
            $0.map { $0 >= 6 } ?? false
        }

        #expect(try await stack.api.value("max_over_time(\(counted)[1h])") == 5)
        let pendingOrFiring = #"count_over_time(ALERTS{src_ip="192.0.2.5"}[1h])"#
        #expect(try await stack.api.query(pendingOrFiring) == [])
        #expect(!stack.receiver.delivered.contains { $0.labels["src_ip"] == "192.0.2.5" })
    }

    @Test(
        "spread over a network fires for the network at the twenty-first, and for no address", .timeLimit(.minutes(2)))
    func networkFires() async throws {
        let stack = try SharedStack.get()
        for number in 1...7 { try stack.log.append(Self.burst(of: 3, from: "198.51.100.\(number)")) }
        // One request less, from as many addresses.
        for number in 1...7 { try stack.log.append(Self.burst(of: number == 1 ? 2 : 3, from: "203.0.113.\(number)")) }

        let delivered = try await stack.eventually("the alert for 198.51.100.0/24") {
            stack.receiver.delivered.filter { $0.labels["network"] == "198.51.100.0/24" }
        } is: {
            !$0.isEmpty
        }
        let alert = try #require(delivered.first)
        #expect(alert.labels["alertname"] == "KubernetesAccessScanningNetwork")
        #expect(alert.labels["severity"] == "warning")
        #expect(alert.annotations["summary"] == "Kubernetes scanning from network 198.51.100.0/24")
        let counted = #"cluster_network:kube_audit_unauthenticated_forbidden_requests:increase1h"#
        try await stack.eventually("six evaluations that count 203.0.113.0/24") {
            try await stack.api.value(#"count_over_time(\#(counted){network="203.0.113.0/24"}[1h])"#)
        } is: {
            $0.map { $0 >= 6 } ?? false
        }
        #expect(try await stack.api.value(#"max_over_time(\#(counted){network="203.0.113.0/24"}[1h])"#) == 20)
        #expect(!stack.receiver.delivered.contains { $0.labels["network"] == "203.0.113.0/24" })
        let single = { (address: String?) in address?.hasPrefix("198.51.100.") ?? false }
        #expect(!stack.receiver.delivered.contains { single($0.labels["src_ip"]) })
    }

    private static func burst(of count: Int, from source: String) -> String {
        (0..<count).map { _ in AuditLine(from: [source]).text }.joined()
    }
}
