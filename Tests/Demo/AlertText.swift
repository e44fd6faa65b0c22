import LocalStack

/// An alert as text: time, summary, all labels, and runbook.
struct AlertText {
    let text: String

    private static let width = 100
    private static let first = ["alertname", "severity", "src_ip", "network", "origin", "country", "city"]

    init(_ alert: DeliveredAlert, at time: Duration, console: Console) {
        let margin = String(repeating: " ", count: 11)
        let summary = alert.annotations["summary"] ?? "(no summary)"
        var lines: [String] = []
        for (name, value) in Self.inOrder(alert.labels) {
            let label = "\(name)=\"\(value)\""
            if let last = lines.last, last.count + label.count < Self.width - margin.count {
                lines[lines.count - 1] = "\(last)  \(label)"
            } else {
                lines.append(label)
            }
        }
        if let runbook = alert.annotations["runbook_url"] { lines.append("runbook: \(runbook)") }
        let stamp = time.inSeconds
        let padding = String(repeating: " ", count: max(1, margin.count - stamp.count - 3))
        text =
            "[\(padding.dropFirst())\(stamp)]  \(console.bold(summary))\n"
            + lines.map { margin + $0 + "\n" }.joined()
    }

    /// Important labels first, then the others by name.
    private static func inOrder(_ labels: [String: String]) -> [(String, String)] {
        let others = labels.keys.filter { !first.contains($0) }.sorted()
        return (first + others).compactMap { name in labels[name].map { (name, $0) } }
    }
}
