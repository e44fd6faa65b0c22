import LocalStack

/// An alert as text: time, summary with count and threshold, description, the labels that distinguish it, the link to
/// its source's page, and runbook.
struct AlertText {
    let text: String

    private static let first = ["alertname", "severity", "src_ip", "network", "origin", "country", "city"]
    /// Labels of the analytic, which are equal on each of its alerts; the summary of the demo prints them once.
    private static let constant: Set = [
        "risk_score", "impact", "confidence", "mitre_attack_id", "mitre_attack_tactic", "kill_chain_phase", "nist",
        "cis", "analytic_story", "detection_id",
    ]

    init(_ alert: DeliveredAlert, at time: Duration, console: Console) {
        let margin = String(repeating: " ", count: 11)
        var lines = Self.wrapped(alert.annotations["description", default: ""].split(separator: " ").map(String.init))
        lines += Self.wrapped(Self.inOrder(alert.labels.filter { !Self.constant.contains($0.key) }), gap: "  ")
        if let page = alert.annotations["source_url"], !page.isEmpty { lines.append("what it did: \(page)") }
        if let runbook = alert.annotations["runbook_url"] { lines.append("runbook: \(runbook)") }
        let stamp = time.inSeconds
        let padding = String(repeating: " ", count: max(1, margin.count - stamp.count - 3))
        text =
            "[\(padding.dropFirst())\(stamp)]  \(console.bold(Self.title(alert.annotations)))\n"
            + lines.map { margin + $0 + "\n" }.joined()
    }

    /// The labels that are equal on each alert of the analytic, as lines; empty if none of the alerts is one.
    static func constantLabels(of alerts: [DeliveredAlert]) -> [String] {
        guard let labels = alerts.map({ $0.labels.filter { constant.contains($0.key) } }).first(where: { !$0.isEmpty })
        else { return [] }
        return wrapped(inOrder(labels), gap: "  ")
    }

    /// For example: `Kubernetes scanning from ip 192.0.2.6: 6 requests in the last hour (threshold 5)`
    private static func title(_ annotations: [String: String]) -> String {
        var title = annotations["summary"] ?? "(no summary)"
        if let requests = annotations["requests"] { title += ": \(requests) request\(requests == "1" ? "" : "s")" }
        if let window = annotations["window"] { title += " in the \(window)" }
        if let threshold = annotations["threshold"], threshold != "0" { title += " (threshold \(threshold))" }
        return title
    }

    /// Important labels first, then the others by name.
    private static func inOrder(_ labels: [String: String]) -> [String] {
        let others = labels.keys.filter { !first.contains($0) }.sorted()
        return (first + others).compactMap { name in labels[name].map { "\(name)=\"\($0)\"" } }
    }

    /// Words as lines that fit a terminal beside the margin.
    private static func wrapped(_ words: [String], gap: String = " ") -> [String] {
        words.reduce(into: []) { lines, word in
            if let last = lines.last, last.count + gap.count + word.count < 90 {
                lines[lines.count - 1] = last + gap + word
            } else {
                lines.append(word)
            }
        }
    }
}
