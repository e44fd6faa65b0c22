import Foundation
import TestSupport
import Testing
import Yams

/// What people need of each alert beside its name.
@Suite("Every alert")
struct AlertRunbookTests {
    private struct Rules: Decodable {
        struct Group: Decodable { var rules: [Rule] }
        struct Rule: Decodable {
            var alert: String?
            var annotations: [String: String]?
        }
        var groups: [Group]
    }

    private static let alerts = Fixture.repository.appending(path: "alerts")

    private static func rules() throws -> [(alert: String, annotations: [String: String])] {
        let text = try String(contentsOf: alerts.appending(path: "access-scanning.rules.yaml"), encoding: .utf8)
        return try YAMLDecoder().decode(Rules.self, from: text).groups.flatMap(\.rules).compactMap { rule in
            rule.alert.map { ($0, rule.annotations ?? [:]) }
        }
    }

    @Test("has a summary, a description, and a runbook that is there")
    func annotations() throws {
        let rules = try Self.rules()
        #expect(!rules.isEmpty)
        for (alert, annotations) in rules {
            #expect(annotations["summary"]?.isEmpty == false, "\(alert) has no summary")
            #expect(annotations["description"]?.isEmpty == false, "\(alert) has no description")
            #expect(annotations["runbook_url"] == "alerts/runbooks/\(alert).md")
            let runbook = Self.alerts.appending(path: "runbooks/\(alert).md")
            let text = try String(contentsOf: runbook, encoding: .utf8)
            #expect(text.hasPrefix("# \(alert)\n"), "\(runbook.lastPathComponent) has another title")
        }
    }

    @Test("of the detection says how many requests, and what the analytic says of itself")
    func analytic() throws {
        let detections = try Self.rules().filter { $0.alert == "KubernetesAccessScanning" }
        #expect(detections.count == 2)
        for (_, annotations) in detections {
            #expect(annotations["requests"] != nil)
            #expect(annotations["detection_id"] == "f5edd22d-0f3b-4c70-bcfe-5bf41150f10c")
            #expect(annotations["mitre_attack_tactic"] == "Discovery")
            #expect(annotations["kill_chain_phase"] == "Exploitation")
            #expect(annotations["nist"] == "DE.AE")
            #expect(annotations["cis"] == "CIS 13")
            #expect(annotations["analytic_story"] == "Kubernetes Scanning Activity")
        }
    }
}
