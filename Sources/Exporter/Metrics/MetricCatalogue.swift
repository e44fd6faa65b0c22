import AccessScanning
import Exposition

extension Metric {
    /// All metrics that the exporter can expose, in their order. Each is declared in the file that collects its values; tests compare
    /// this list with what is exposed, with the README, and with the names that rules and dashboards use.
    static let catalogue =
        DetectionMetrics.metrics(of: Analytic.counted) + ReadingMetrics.metrics + StatusMetrics.metrics + [
            BuildInfo.metric
        ]
        + ProcessMetrics.metrics + ServedCertificates.metrics + [WebhookRequests.metric]

    /// The catalogue as the README's table (Markdown).
    static var table: String {
        let head = "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n"
        return head + catalogue.map { "|\($0.cells.map { $0.isEmpty ? " |" : " \($0) |" }.joined())\n" }.joined()
    }

    private var cells: [String] {
        let text = [help, details, condition.map { "Only \($0)." }].compactMap(\.self).joined(separator: " ")
        return ["`\(name)`", kind.rawValue, labels.names.map { "`\($0)`" }.joined(separator: ", "), text]
    }
}
