import Foundation
import TestSupport
import Testing
import TortureKit
import Yams

/// Labels and annotations that people and routes need on each alert.
@Suite("Every alert")
struct AlertRunbookTests {
    private struct Rules: Decodable {
        struct Group: Decodable { var rules: [Rule] }
        struct Rule: Decodable {
            var alert: String?
            var labels: [String: String]?
            var annotations: [String: String]?
        }
        var groups: [Group]
    }

    private struct Alert {
        var name: String
        var labels: [String: String]
        var annotations: [String: String]
    }

    /// The analytic's classification.
    private static let analytic = [
        "risk_score": "49", "impact": "70", "confidence": "70", "mitre_attack_id": "T1046",
        "mitre_attack_tactic": "Discovery", "kill_chain_phase": "Exploitation", "nist": "DE.AE", "cis": "CIS 13",
        "analytic_story": "Kubernetes Security", "detection_id": "f5edd22d-0f3b-4c70-bcfe-5bf41150f10c",
    ]

    private static let alerts = Fixture.repository.appending(path: "alerts")

    private static func rules() throws -> [Alert] {
        let text = try String(contentsOf: alerts.appending(path: "access-scanning.rules.yaml"), encoding: .utf8)
        return try YAMLDecoder().decode(Rules.self, from: text).groups.flatMap(\.rules).compactMap { rule in
            rule.alert.map { Alert(name: $0, labels: rule.labels ?? [:], annotations: rule.annotations ?? [:]) }
        }
    }

    @Test("has a severity, a summary, a description, and an existing runbook")
    func annotations() throws {
        let rules = try Self.rules()
        #expect(!rules.isEmpty)
        for alert in rules {
            #expect(
                ["info", "warning", "critical"].contains(alert.labels["severity"]), "\(alert.name) has no severity")
            #expect(alert.annotations["summary"]?.isEmpty == false, "\(alert.name) has no summary")
            #expect(alert.annotations["description"]?.isEmpty == false, "\(alert.name) has no description")
            #expect(alert.annotations["runbook_url"] == "alerts/runbooks/\(alert.name).md")
            let runbook = Self.alerts.appending(path: "runbooks/\(alert.name).md")
            let text = try String(contentsOf: runbook, encoding: .utf8)
            #expect(text.hasPrefix("# \(alert.name)\n"), "\(runbook.lastPathComponent) has another title")
        }
    }

    @Test("has a runbook, and every runbook has an alert")
    func runbooks() throws {
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Self.alerts.appending(path: "runbooks").path)
        #expect(Set(files) == Set(try Self.rules().map { "\($0.name).md" }))
    }

    @Test("has a runbook that searches the exporter's log for messages that it writes")
    func messages() throws {
        let sources = Fixture.repository.appending(path: "Sources/Exporter")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        let code = try files.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
            .map { try String(contentsOf: $0, encoding: .utf8) }.joined(separator: "\n")
        #expect(code.contains("\"\(Torture.lossMessage)"), "make torture counts this message")
        for name in Set(try Self.rules().map(\.name)) {
            let runbook = Self.alerts.appending(path: "runbooks/\(name).md")
            let text = try String(contentsOf: runbook, encoding: .utf8)
            for search in text.matches(of: /journalctl -u kube-audit-exporter .*grep (?:-E )?'([^']+)'/) {
                for pattern in search.1.split(separator: "|") {
                    let message = try Regex("\"[^\"]*\(pattern)")
                    #expect(code.contains(message), "no message of the exporter contains \(pattern), see \(name).md")
                }
            }
        }
    }

    /// The classification of an allowed request; alerts/runbooks/KubernetesAnonymousAccessAllowed.md has the reason.
    private static let allowed = [
        "mitre_attack_id": "T1190", "mitre_attack_tactic": "Initial Access", "analytic_story": "Kubernetes Security",
    ]

    // Only the analytic's own detections have its ID.
    @Test("about sources has its classification as labels, the analytic's for scans, and no other alert has one")
    func classification() throws {
        let classified = [
            "KubernetesAccessScanning": Self.analytic, "KubernetesAccessScanningNetwork": Self.analytic,
            "KubernetesAccessScanningRisk": Self.analytic,
            "KubernetesAccessScanningUnauthorized": Self.analytic.filter { $0.key != "detection_id" },
            "KubernetesAuthenticationFailures": [:], "KubernetesAnonymousAccessAllowed": Self.allowed,
        ]
        let rules = try Self.rules()
        #expect(Set(rules.map(\.name)).isSuperset(of: classified.keys))
        for alert in rules {
            let own = alert.labels.filter { !["severity", "source_scope"].contains($0.key) }
            #expect(own == classified[alert.name, default: [:]], "\(alert.name)")
            #expect((alert.labels["source_scope"] != nil) == (classified[alert.name] != nil), "\(alert.name)")
        }
    }

    @Test("that counts requests has the count, the threshold and the window as annotations")
    func threshold() throws {
        let limits = [
            "KubernetesAccessScanning": "5", "KubernetesAccessScanningNetwork": "20",
            "KubernetesAccessScanningUnauthorized": "5", "KubernetesAuthenticationFailures": "5",
            "KubernetesAnonymousAccessAllowed": "0",
        ]
        for alert in try Self.rules() where limits[alert.name] != nil {
            #expect(alert.annotations["requests"] != nil, "\(alert.name)")
            #expect(alert.annotations["threshold"] == limits[alert.name], "\(alert.name)")
            #expect(alert.annotations["window"] == "last hour", "\(alert.name)")
        }
    }
}
