import Foundation

/// The data that Alertmanager passes to a template, for `amtool template render`.
///
/// Source: <https://prometheus.io/docs/alerting/latest/notifications/#data>
struct NotificationData: Encodable {
    struct Alert: Encodable {
        var status = "firing"
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt = "2026-11-24T23:11:00Z"
        var endsAt = "2026-11-25T00:11:00Z"
        var generatorURL = "http://prometheus.example/graph?g0.expr=up&g0.tab=1"
    }

    var receiver = "receiver"
    var status: String
    var alerts: [Alert]
    var groupLabels: [String: String]
    var commonLabels: [String: String]
    var commonAnnotations: [String: String]
    var externalURL = "http://alertmanager.example"

    /// A notification of these sources.
    init(of sources: [String], labels: [String: String], status: String = "firing") {
        self.status = status
        commonLabels = labels.merging(["alertname": "KubernetesAccessScanning"]) { given, _ in given }
        groupLabels = commonLabels.filter { ["alertname", "cluster"].contains($0.key) }
        commonAnnotations = [
            "runbook_url": "alerts/runbooks/KubernetesAccessScanning.md", "threshold": "5", "window": "last hour",
        ]
        alerts = []
        for source in sources {
            alerts.append(
                Alert(
                    status: status, labels: commonLabels.merging(["src_ip": source]) { _, own in own },
                    annotations: commonAnnotations.merging([
                        "summary": "Kubernetes scanning from ip \(source)", "description": "Of \(source).",
                        "requests": "7",
                    ]) { _, own in own }))
        }
    }
}
