import AuditSources
import Exposition
import StateStore

/// The metrics of reading: what was filtered, read and lost.
enum ReadingMetrics {
    static let filteredRequests = Metric(
        "kube_audit_filtered_requests_total", .counter,
        "Requests that are not counted for their sources, by the filter's entry that excludes them.",
        labels: ["filter"], details: "See [Filter](#filter).", condition: "with a filter, or if there was one before")
    static let lines = Metric(
        "kube_audit_lines_total", .counter, "Lines read; empty lines are not counted.", labels: ["input"],
        details: "`input` is `file`, `stdin` or `webhook`; the webhook counts the items of its bodies.")
    static let bytes = Metric("kube_audit_bytes_total", .counter, "Bytes read.", labels: ["input"])
    static let malformedEvents = Metric(
        "kube_audit_malformed_events_total", .counter, "Lines that are not an audit event; the log names them.",
        labels: ["input"])
    static let oversizedLines = Metric(
        "kube_audit_oversized_lines_total", .counter,
        "Lines over 16 MiB, which are skipped; they are also counted as malformed.", labels: ["input"])
    static let duplicateEvents = Metric(
        "kube_audit_duplicate_events_total", .counter,
        "Events of requests that were already counted: a second stage, or the same event read again.")
    static let lastEvent = Metric(
        "kube_audit_last_event_timestamp_seconds", .gauge,
        "Time of the newest audit event read, counted or not, in seconds since 1970.")
    static let lostLogs = Metric(
        "kube_audit_lost_logs_total", .counter,
        "Logs that were removed or truncated before they were read to the end; the log names them.")
    static let lostBytes = Metric(
        "kube_audit_lost_bytes_total", .counter,
        "Known bytes lost from removed or truncated logs; the real number may be higher.")

    /// In the order in which they are exposed.
    static let metrics = [
        filteredRequests, lines, bytes, malformedEvents, oversizedLines, duplicateEvents, lastEvent, lostLogs,
        lostBytes,
    ]

    static func families(of counts: Counts) -> [MetricFamily] {
        // Sorted, so that the order does not change.
        let inputs = counts.reading.inputs.sorted { $0.key < $1.key }
        let byInput = { (metric: Metric, value: (ReadingTotals.Input) -> UInt64) in
            MetricFamily(metric, inputs.map { metric.sample(.integer(value($0.value)), $0.key) })
        }
        let filtered = counts.filteredRequests.sorted { $0.key < $1.key }.map { filter, requests in
            filteredRequests.sample(.integer(requests), filter)
        }
        return (filtered.isEmpty ? [] : [MetricFamily(filteredRequests, filtered)]) + [
            byInput(lines, \.lines), byInput(bytes, \.bytes), byInput(malformedEvents, \.malformed),
            byInput(oversizedLines, \.oversized),
            MetricFamily(duplicateEvents, .integer(counts.duplicateEvents)),
            MetricFamily(lastEvent, counts.reading.lastEventTimestamp.map(SampleValue.number)),
            MetricFamily(lostLogs, .integer(counts.lostLogs)), MetricFamily(lostBytes, .integer(counts.lostBytes)),
        ]
    }
}
