import AccessScanning
import Exposition

extension Metric {
    /// All metrics that the exporter can expose, in their order. Each is declared in the file that collects its values.
    /// Tests compare this list with a real scrape, with docs/metrics.md, and with the names in rules and dashboards.
    static let catalogue = [
        DetectionMetrics.metrics(of: Analytic.counted), ReadingMetrics.metrics, StatusMetrics.metrics,
        [BuildInfo.metric], ProcessMetrics.metrics, [ExternalURL.metric, WebhookRequests.metric],
    ].flatMap(\.self)

    /// The catalogue as the table of docs/metrics.md (Markdown).
    static var table: String {
        let head = "| name | type | labels | meaning |\n| --- | --- | --- | --- |\n"
        return head + catalogue.map { "|\($0.cells.map { $0.isEmpty ? " |" : " \($0) |" }.joined())\n" }.joined()
    }

    private var cells: [String] {
        let text = [help, details, condition.map { "Only \($0)." }].compactMap(\.self).joined(separator: " ")
        return ["`\(name)`", kind.rawValue, labels.names.map { "`\($0)`" }.joined(separator: ", "), text]
    }
}
