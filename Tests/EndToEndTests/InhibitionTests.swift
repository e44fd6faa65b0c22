import Foundation
import LocalStack
import TestSupport
import Testing

/// Alerts that Alertmanager suppresses with the example configuration.
@Suite("An inhibition of the example configuration")
struct InhibitionTests {
    private struct HeldAlert: Decodable {
        struct Status: Decodable { var inhibitedBy: [String] }
        var labels: [String: String]
        var status: Status
    }

    private static let alerts = [
        "alertname=KubernetesAccessScanning origin=verified severity=warning src_ip=192.0.2.6 cluster=north",
        "alertname=KubernetesAccessScanning origin=claimed severity=info src_ip=192.0.2.7 cluster=south",
        "alertname=KubernetesAccessScanningNetwork severity=warning network=192.0.2.0/24 cluster=north",
        "alertname=KubernetesAccessScanningNetwork severity=warning network=192.0.2.0/24 cluster=south",
        "alertname=KubernetesAccessScanning origin=verified severity=warning src_ip=192.0.2.8 cluster=east",
        "alertname=KubernetesAccessScanning origin=claimed severity=info src_ip=192.0.2.8 cluster=east",
        "alertname=KubernetesAccessScanning origin=verified severity=warning src_ip=192.0.2.9 cluster=east",
        "alertname=KubernetesAccessScanningRisk origin=verified severity=warning src_ip=192.0.2.8 cluster=east",
        "alertname=KubernetesAccessScanningUnauthorized origin=verified severity=warning src_ip=192.0.2.20 cluster=east",
        "alertname=KubernetesAuthenticationFailures origin=verified severity=info src_ip=192.0.2.20 cluster=east",
        "alertname=KubernetesAuthenticationFailures origin=verified severity=info src_ip=192.0.2.20 cluster=west",
        "alertname=KubernetesAuthenticationFailures origin=claimed severity=info src_ip=192.0.2.20 cluster=east",
        "alertname=KubernetesAnonymousAccessAllowed origin=verified severity=critical src_ip=192.0.2.21 cluster=east",
        "alertname=KubernetesAnonymousAccessAllowed origin=verified severity=warning src_ip=192.0.2.21 cluster=east",
        "alertname=KubernetesAccessScanning origin=verified severity=warning src_ip=192.0.2.21 cluster=east",
        "alertname=KubernetesAccessScanningUnauthorized origin=verified severity=warning src_ip=192.0.2.21 cluster=east",
        "alertname=KubernetesAnonymousAccessAllowed origin=verified severity=warning src_ip=192.0.2.22 cluster=east",
        "alertname=KubernetesAccessScanning origin=verified severity=warning src_ip=192.0.2.21 cluster=west",
        "alertname=KubeAuditExporterDown severity=warning instance=one cluster=north",
        "alertname=KubeAuditLogsLost severity=warning instance=one cluster=north",
        "alertname=KubeAuditLogsLost severity=warning instance=two cluster=north",
        "alertname=KubeAuditLogUnreadable severity=warning instance=two cluster=north log=a",
        "alertname=KubeAuditNoEvents severity=warning instance=two cluster=north",
        "alertname=KubeAuditNoEvents severity=warning instance=three cluster=north",
        "alertname=KubeAuditUntrackedSources severity=info src_ip=other origin=claimed cluster=north",
        "alertname=KubeAuditSourceLimitReached severity=info instance=two origin=claimed cluster=north",
        "alertname=KubeAuditSourceLimitReached severity=warning instance=two origin=verified cluster=north",
        "alertname=KubeAuditSourceLimitReached severity=info instance=two origin=claimed cluster=north outcome=allowed",
    ]

    @Test("suppresses alerts that follow from another alert, and nothing else", .timeLimit(.minutes(1)))
    func inhibited() async throws {
        let posts = try PostReceiver()
        let mail = try MailReceiver()
        defer {
            posts.stop()
            mail.stop()
        }
        try await withTemporaryDirectory { directory in
            let text = try ExampleAlertmanager.redirected(to: posts, mail, secretsIn: directory)
            try Data(text.utf8).write(to: directory.appending(path: "alertmanager.yaml"))
            let server = try await LocalServer.start(.alertmanager, in: directory) {
                [
                    "--config.file=alertmanager.yaml", "--storage.path=data", "--web.listen-address=127.0.0.1:\($0)",
                    "--cluster.listen-address=",
                ]
            }
            for labels in Self.alerts {
                let arguments = labels.split(separator: " ").map(String.init)
                let add = try await Program.amtool.run(
                    ["--alertmanager.url=\(server.url)", "alert", "add"] + arguments)
                #expect(add.exit == .status(0), "\(add.output)")
            }
            let held = try await eventually("all alerts to be there") {
                let answer = try await HTTPClient.get(server.url.appending(path: "/api/v2/alerts"))
                return try JSONDecoder().decode([HeldAlert].self, from: answer.body)
            } is: {
                $0.count == Self.alerts.count
            }
            let inhibited = held.filter { !$0.status.inhibitedBy.isEmpty }.map { alert in
                ["alertname", "instance", "src_ip", "cluster", "origin", "outcome"].compactMap { alert.labels[$0] }
                    .joined(separator: " ")
            }
            #expect(
                Set(inhibited) == [
                    "KubernetesAccessScanningNetwork north", "KubernetesAccessScanning 192.0.2.8 east verified",
                    "KubernetesAuthenticationFailures 192.0.2.20 east verified",
                    "KubernetesAnonymousAccessAllowed 192.0.2.21 east verified",
                    "KubernetesAccessScanning 192.0.2.21 east verified",
                    "KubernetesAccessScanningUnauthorized 192.0.2.21 east verified",
                    "KubeAuditLogsLost one north",
                    "KubeAuditNoEvents two north", "KubeAuditSourceLimitReached two north claimed",
                ])
            await server.program.stop()
        }
    }
}
