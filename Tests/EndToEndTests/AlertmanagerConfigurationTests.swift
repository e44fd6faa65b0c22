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
            Case(
                "alertname=KubernetesAccessScanningUnauthorized origin=verified severity=warning risk_score=49",
                "security-pager"),
            Case(
                "alertname=KubernetesAccessScanningUnauthorized origin=claimed severity=info risk_score=49",
                "security-chat"),
            Case("alertname=KubernetesAuthenticationFailures origin=verified severity=info", "platform-chat"),
            Case("alertname=KubernetesAuthenticationFailures origin=claimed severity=info", "platform-chat"),
            Case("alertname=KubernetesAnonymousAccessAllowed origin=verified severity=warning", "security-pager"),
            Case("alertname=KubernetesAnonymousAccessAllowed origin=verified severity=critical", "security-pager"),
            Case("alertname=KubernetesAnonymousAccessAllowed origin=claimed severity=info", "security-chat"),
            Case("alertname=KubeAuditExporterDown severity=warning instance=cp-1:10403", "platform"),
            Case("alertname=KubeAuditStateDamaged severity=warning instance=cp-1:10403", "platform"),
            Case("alertname=KubeAuditUntrackedSources severity=warning origin=verified", "platform"),
            Case("alertname=KubeAuditUntrackedSources severity=info origin=claimed", "platform-chat"),
            Case("alertname=KubeAuditLocationDatabaseStale severity=info", "platform-chat"),
            Case("alertname=SomethingElse severity=critical", "platform"),
        ])
    func routes(_ alert: Case) async throws {
        try await Self.expectRoute(of: alert, in: ExampleAlertmanager.configuration)
    }

    @Test(
        "can keep scans from private addresses from the pager: the route for it is there as a comment",
        .timeLimit(.minutes(1)),
        arguments: [
            Case("alertname=KubernetesAccessScanning severity=warning source_scope=private", "security-mail"),
            Case("alertname=KubernetesAccessScanningNetwork severity=warning source_scope=private", "security-mail"),
            Case("alertname=KubernetesAccessScanning severity=warning source_scope=public", "security-pager"),
            Case("alertname=KubernetesAccessScanning severity=warning source_scope=unknown", "security-pager"),
            Case("alertname=KubernetesAccessScanning severity=info source_scope=private", "security-chat"),
            Case("alertname=KubernetesAnonymousAccessAllowed severity=warning source_scope=private", "security-pager"),
        ])
    func scope(_ alert: Case) async throws {
        let text = try String(contentsOf: ExampleAlertmanager.configuration, encoding: .utf8)
        let route = try #require(text.firstMatch(of: #/    # - matchers: .*source_scope="private"\](?:\n    #   .*)+/#))
        let active = route.output.replacing("    # ", with: "    ").replacing("    #   ", with: "      ")
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "alertmanager.yaml")
            try Data(text.replacing(route.output, with: active).utf8).write(to: file)
            try await Self.expectRoute(of: alert, in: file)
        }
    }

    private static func expectRoute(of alert: Case, in configuration: URL) async throws {
        let test = try await Program.amtool.run(
            ["config", "routes", "test", "--config.file=\(configuration.path)"]
                + ["--verify.receivers=\(alert.receiver)"] + alert.labels)
        #expect(test.exit == .status(0), "\(test.output)")
    }
}
