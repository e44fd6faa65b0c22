import Foundation
import LocalStack
import TestSupport
import Testing

/// The example configuration, checked by amtool.
@Suite("The example configuration of Alertmanager")
struct AlertmanagerConfigurationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var labels: [String]
        var receiver: String

        init(_ labels: String, _ receiver: String) {
            self.labels = labels.split(separator: " ").map(String.init)
            self.receiver = receiver
        }

        var testDescription: String { "\(labels.joined(separator: " ")) → \(receiver)" }
    }

    @Test("is valid, including its templates", .timeLimit(.minutes(1)))
    func check() async throws {
        let check = try await Program.amtool.run(["check-config", ExampleAlertmanager.configuration.path])
        #expect(check.exit == .status(0), "\(check.output)")
        #expect(check.output.contains("1 templates"), "\(check.output)")
    }

    @Test(
        "routes alerts to the right receivers", .timeLimit(.minutes(1)),
        arguments: [
            Case("alertname=KubernetesAccessScanning origin=verified severity=warning risk_score=49", "security-pager"),
            Case(
                "alertname=KubernetesAccessScanning origin=verified severity=critical risk_score=100", "security-pager"),
            Case("alertname=KubernetesAccessScanning origin=verified severity=warning", "security-pager"),
            Case("alertname=KubernetesAccessScanning origin=verified severity=warning risk_score=39", "security-mail"),
            Case("alertname=KubernetesAccessScanning origin=claimed severity=info risk_score=49", "security-chat"),
            Case("alertname=KubernetesAccessScanning origin=claimed severity=info risk_score=100", "security-chat"),
            Case("alertname=KubernetesAccessScanningNetwork severity=warning risk_score=49", "security-pager"),
            Case(
                "alertname=KubernetesAccessScanningRisk origin=verified severity=warning risk_score=49",
                "security-pager"),
            Case("alertname=KubernetesAccessScanningRisk origin=claimed severity=info risk_score=49", "security-chat"),
            Case("alertname=KubeAuditExporterDown severity=warning instance=cp-1:10403", "platform"),
            Case("alertname=KubeAuditStateDamaged severity=warning instance=cp-1:10403", "platform"),
            Case("alertname=KubeAuditUntrackedSources severity=warning origin=verified", "platform"),
            Case("alertname=KubeAuditUntrackedSources severity=info origin=claimed", "platform-chat"),
            Case("alertname=KubeAuditLocationDatabaseStale severity=info", "platform-chat"),
            Case("alertname=SomethingElse severity=critical", "platform"),
        ])
    func routes(_ alert: Case) async throws {
        let test = try await Program.amtool.run(
            ["config", "routes", "test", "--config.file=\(ExampleAlertmanager.configuration.path)"]
                + ["--verify.receivers=\(alert.receiver)"] + alert.labels)
        #expect(test.exit == .status(0), "\(test.output)")
    }
}
