import AccessScanning
import AuditSources
import Exposition
import Foundation
import StateStore

/// What `/metrics` shows. Names and labels are fixed: users' rules and dashboards rely on them.
enum ExporterMetrics {
    /// - Parameter now: Seconds since 1970.
    static func families(
        of counts: Counts, _ status: Status, at now: Double = Date.now.timeIntervalSince1970
    ) -> [MetricFamily] {
        SourceMetrics.families(of: counts, at: now) + filtered(counts) + reading(counts)
            + logs(status) + StatusMetrics.families(of: status) + [buildInfo] + ProcessMetrics.families()
    }

    /// Nothing where there is no filter and never was one.
    private static func filtered(_ counts: Counts) -> [MetricFamily] {
        guard !counts.filteredRequests.isEmpty else { return [] }
        return [
            MetricFamily(
                "kube_audit_filtered_requests_total",
                help: "Requests that an entry of the filter keeps from being counted for their sources.",
                kind: .counter,
                samples: counts.filteredRequests.sorted { $0.key < $1.key }.map {
                    Sample(.integer($0.value), labels: ["filter": $0.key])
                })
        ]
    }

    private static func reading(_ counts: Counts) -> [MetricFamily] {
        // In an order that does not change.
        let inputs = counts.reading.inputs.sorted { $0.key < $1.key }
        let byInput = { (name: String, help: String, value: (ReadingTotals.Input) -> UInt64) in
            MetricFamily(
                name, help: help, kind: .counter,
                samples: inputs.map { Sample(.integer(value($0.value)), labels: ["input": $0.key]) })
        }
        return [
            byInput("kube_audit_lines_total", "Lines read, empty ones not counted.", \.lines),
            byInput("kube_audit_bytes_total", "Bytes read.", \.bytes),
            byInput(
                "kube_audit_malformed_events_total", "Lines that are no audit event; the log says which.", \.malformed),
            byInput(
                "kube_audit_oversized_lines_total",
                "Lines that were too long and were skipped; they count as malformed too.", \.oversized),
            MetricFamily(
                "kube_audit_duplicate_events_total",
                help: "Events of requests that were counted before: a second stage, or the same event read again.",
                kind: .counter, samples: [Sample(.integer(counts.duplicateEvents))]),
            MetricFamily(
                "kube_audit_last_event_timestamp_seconds",
                help: "The time of the newest audit event read, wanted or not, in seconds since 1970.", kind: .gauge,
                samples: counts.reading.lastEventTimestamp.map { [Sample(.number($0))] } ?? []),
            MetricFamily(
                "kube_audit_lost_logs_total",
                help: "Logs that were removed or truncated before they were read to their end; the log says which.",
                kind: .counter, samples: [Sample(.integer(counts.lostLogs))]),
            MetricFamily(
                "kube_audit_lost_bytes_total",
                help: "Bytes of them that are known to be lost; there may have been more.", kind: .counter,
                samples: [Sample(.integer(counts.lostBytes))]),
        ]
    }

    private static func logs(_ status: Status) -> [MetricFamily] {
        [
            MetricFamily(
                "kube_audit_log_readable", help: "Whether the log can be read: 1 if so, else 0.", kind: .gauge,
                samples: status.logs.map { Sample($0.problem == nil ? 1 : 0, labels: ["log": $0.log]) }),
            MetricFamily(
                "kube_audit_log_unread_bytes", help: "Bytes that stand in the log and were not read yet.", kind: .gauge,
                samples: status.logs.map { Sample(.integer(UInt64($0.unreadBytes)), labels: ["log": $0.log]) }),
        ]
    }

    private static var buildInfo: MetricFamily {
        let build = BuildInfo.current
        return MetricFamily(
            "kube_audit_exporter_build_info", help: "Always 1; the labels say which build this is.", kind: .gauge,
            samples: [
                Sample(
                    1,
                    labels: [
                        "version": build.version, "revision": build.revision, "swift_version": build.swiftVersion,
                    ])
            ])
    }
}
