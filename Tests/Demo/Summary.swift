import LocalStack

/// The demo's results, on one screen.
struct Summary {
    let text: String

    init(_ tally: Tally) {
        let expected = RecordedLog.alerts
        let arrived = tally.alerts
        let seen = Set(arrived.compactMap { ExpectedAlert(labels: $0.labels) })
        let others = arrived.filter { alert in
            !(ExpectedAlert(labels: alert.labels).map { expected.contains($0) } ?? false)
        }
        var lines = [
            "Alerts for \(seen.intersection(expected).count) of the \(expected.count) sources that make more than 5 refused "
                + "requests in the log:"
        ]
        for alert in expected.sorted() {
            lines.append("  \(seen.contains(alert) ? "alert  " : "not yet")  \(alert)")
        }
        for alert in others {
            lines.append(
                "  other    \(alert.labels["alertname"] ?? "?"): \(alert.annotations["summary"] ?? "(no summary)")")
        }
        lines.append("")
        lines.append("\(tally.status) (\(RecordedLog.requests) requests are in the whole log).")
        lines.append(
            tally.firstAlert.map { "The first alert arrived \($0.inSeconds) after the start." }
                ?? "No alert for scanning arrived.")
        let labels = AlertText.constantLabels(
            of: arrived.filter { $0.labels["alertname"] == ExpectedAlert.scanning })
        if !labels.isEmpty {
            lines += ["", "Labels that are equal on each KubernetesAccessScanning:"] + labels.map { "  \($0)" }
        }
        text = lines.joined(separator: "\n")
    }
}
