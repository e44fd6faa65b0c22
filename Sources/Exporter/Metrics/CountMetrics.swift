import AccessScanning
import AuditSources
import Exposition
import StateStore

/// The metrics of the counters of one analytic.
struct AnalyticMetrics: Sendable {
    let sources: CounterMetrics
    let networks: CounterMetrics?

    init(_ analytic: Analytic) {
        sources = CounterMetrics(
            analytic.sources, requests: "\(analytic.meaning), by source address.",
            firstSeen: "When this source's counter was created, in seconds since 1970.",
            labels: ["src_ip", "country", "city", "origin"]
                + (analytic.distinguishesCredentials ? ["credentials"] : []),
            details: "One request counts once for each distinct address it came from or claims.")
        networks = analytic.networks.map { names in
            CounterMetrics(
                names,
                requests: "\(analytic.meaning), by the network of their verified source: an IPv4 /24 or an IPv6 /64.",
                firstSeen: "When this network's counter was created, in seconds since 1970.", labels: ["network"],
                details: "Each request counts once.")
        }
    }
}

/// The metrics of a kind of counters: how many requests, and since when.
struct CounterMetrics: Sendable {
    let requests: Metric
    let firstSeen: Metric

    init(_ names: Analytic.CounterNames, requests: String, firstSeen: String, labels: [String], details: String) {
        self.requests = Metric(names.requests, .counter, requests, labels: labels, details: details)
        self.firstSeen = Metric(names.firstSeen, .gauge, firstSeen, labels: labels)
    }

    /// In the order in which they are exposed.
    var metrics: [Metric] { [requests, firstSeen] }
}

/// The metrics of the detection besides the counters: retirement, quiet networks, and the use of budgets. They are those
/// of the first analytic; `OutcomeMetrics` has the others.
enum DetectionMetrics {
    static let distinctPaths = Metric(
        "kube_audit_source_distinct_request_paths", .gauge,
        "Distinct paths, without the query, that a source asked for in the last hour.",
        labels: ["src_ip", "country", "city", "origin"],
        details: "Exact up to \(RecentPaths.limit), which means as many or more.")
    static let retiredRequests = Metric(
        "kube_audit_retired_requests_total", .counter,
        "Requests of retired sources; together with them the sum over all sources never falls.")
    static let quietSources = Metric(
        "kube_audit_network_quiet_sources", .gauge,
        "Verified sources of this network with requests in the last hour, each too few for a scan.",
        labels: ["network"], details: "That is at least one, and at most the number of `--source.threshold`.")
    static let quietRequests = Metric(
        "kube_audit_network_quiet_requests", .gauge, "Requests of these quiet sources in the last hour.",
        labels: ["network"])
    static let retiredNetworkRequests = Metric(
        "kube_audit_retired_network_requests_total", .counter,
        "Requests of retired networks; together with them the sum over all networks never falls.")
    static let trackedSources = Metric(
        "kube_audit_tracked_sources", .gauge, "Sources with a counter of their own.", labels: ["origin"])
    static let sourceLimit = Metric(
        "kube_audit_source_limit", .gauge, "Maximum number of sources with a counter of their own.",
        labels: ["origin"])
    static let displacedSources = Metric(
        "kube_audit_displaced_sources", .gauge,
        "Sources without a counter of their own whose last requests are remembered; other has their requests.",
        labels: ["origin"], details: "See [More sources than counters](sizing.md#more-sources-than-counters).")
    static let untrackedRequests = Metric(
        "kube_audit_untracked_requests_total", .counter,
        "Requests of sources that were forgotten within the hour, or got no counter; a scan may hide among them.",
        labels: ["origin"])
    static let trackedNetworks = Metric(
        "kube_audit_tracked_networks", .gauge, "Networks with a counter of their own.")
    static let networkLimit = Metric(
        "kube_audit_network_limit", .gauge, "Maximum number of networks with a counter of their own.")

    /// All of them, with the counters of these analytics, in the order in which they are exposed.
    static func metrics(of analytics: [Analytic]) -> [Metric] {
        let analytics = analytics.map(AnalyticMetrics.init)
        return analytics.flatMap(\.sources.metrics) + [distinctPaths, retiredRequests]
            + analytics.flatMap { $0.networks?.metrics ?? [] } + [
                quietSources, quietRequests, retiredNetworkRequests, trackedSources, sourceLimit, displacedSources,
                untrackedRequests, trackedNetworks, networkLimit,
            ] + OutcomeMetrics.metrics
    }

    /// - Parameter now: Seconds since 1970.
    static func quiet(_ sources: QuietNetworks.Sums, _ networks: NetworkCounts, at now: Double) -> [MetricFamily] {
        let quiet = networks.quietSources(with: sources, at: now)
        return [
            MetricFamily(
                quietSources, quiet.map { quietSources.sample(SampleValue($0.sources), $0.network.description) }),
            MetricFamily(
                quietRequests, quiet.map { quietRequests.sample(SampleValue($0.requests), $0.network.description) }),
        ]
    }

    static func budgets(_ sources: SourceCounts, _ networks: NetworkCounts) -> [MetricFamily] {
        let byOrigin = { (metric: Metric, value: (Origin) -> SampleValue) in
            MetricFamily(metric, Origin.allCases.map { metric.sample(value($0), $0.rawValue) })
        }
        return [
            byOrigin(trackedSources) { SampleValue(sources[$0].tracked) },
            byOrigin(sourceLimit) { SampleValue(sources.limits[$0]) },
            byOrigin(displacedSources) { SampleValue(sources[$0].displaced) },
            byOrigin(untrackedRequests) { .integer(sources[$0].untrackedRequests) },
            MetricFamily(trackedNetworks, SampleValue(networks.use.tracked)),
            MetricFamily(networkLimit, SampleValue(networks.limit)),
        ]
    }
}

/// The metrics of reading: what was filtered, read and lost.
enum ReadingMetrics {
    static let filteredRequests = Metric(
        "kube_audit_filtered_requests_total", .counter,
        "Requests that are not counted for their sources, by the filter's entry that excludes them.",
        labels: ["filter"], details: "See [Filter](filter.md).", condition: "with a filter, or if there was one before")
    static let lines = Metric(
        "kube_audit_lines_total", .counter,
        "Lines read, and records in envelopes and in webhook bodies; empty lines are not counted.",
        labels: ["input"], details: "`input` is `file`, `stdin` or `webhook`.")
    static let bytes = Metric("kube_audit_bytes_total", .counter, "Bytes read.", labels: ["input"])
    static let malformedEvents = Metric(
        "kube_audit_malformed_events_total", .counter,
        "Lines, and records in envelopes, that are not an audit event; the log names them.", labels: ["input"])
    static let foreignRecords = Metric(
        "kube_audit_foreign_records_total", .counter,
        "Records in envelopes that name another source than the API server's audit; they are not read.",
        labels: ["input"], details: "Such as other streams, categories and containers.")
    static let truncatedEvents = Metric(
        "kube_audit_truncated_events_total", .counter,
        "Audit events that were cut off on their way to the exporter; their requests are not counted.",
        labels: ["input"], details: "A client can hide behind a long path.")
    static let oversizedLines = Metric(
        "kube_audit_oversized_lines_total", .counter,
        "Lines over 16 MiB, which are skipped; they are also counted as malformed.", labels: ["input"])
    static let duplicateEvents = Metric(
        "kube_audit_duplicate_events_total", .counter,
        "Events of requests that were already counted: a second stage, or the same event read again.")
    static let oldRequests = Metric(
        "kube_audit_old_requests_total", .counter,
        "Requests not counted, since they are older than --audit.from allows in a log that was not read before.")
    static let inexactEvents = Metric(
        "kube_audit_inexact_events_total", .counter,
        "Selected events without auditID or without times to the microsecond; each counts as a request.",
        labels: ["input"],
        details: "A shipper has dropped or shortened them. A request that was logged in two stages counts twice then.")
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
        filteredRequests, lines, bytes, malformedEvents, foreignRecords, truncatedEvents, oversizedLines,
        duplicateEvents, oldRequests, inexactEvents,
        lastEvent, lostLogs, lostBytes,
    ]

    static func families(of counts: Counts) -> [MetricFamily] {
        // Sorted, so that the order does not change.
        let inputs = counts.reading.inputs.sorted { $0.key < $1.key }
        let byInput = { (metric: Metric, value: (ReadingTotals.Input) -> UInt64) in
            MetricFamily(metric, inputs.map { metric.sample(.integer(value($0.value)), $0.key) })
        }
        let sinceStart = { (metric: Metric, values: [String: UInt64]) in
            MetricFamily(
                metric, values.sorted { $0.key < $1.key }.map { metric.sample(.integer($0.value), $0.key) })
        }
        let filtered = counts.filteredRequests.sorted { $0.key < $1.key }.map { filter, requests in
            filteredRequests.sample(.integer(requests), filter)
        }
        return (filtered.isEmpty ? [] : [MetricFamily(filteredRequests, filtered)]) + [
            byInput(lines, \.lines), byInput(bytes, \.bytes), byInput(malformedEvents, \.malformed),
            sinceStart(foreignRecords, counts.foreignRecords), sinceStart(truncatedEvents, counts.truncatedEvents),
            byInput(oversizedLines, \.oversized),
            MetricFamily(duplicateEvents, .integer(counts.duplicateEvents)),
            MetricFamily(oldRequests, .integer(counts.oldRequests)),
            sinceStart(inexactEvents, counts.inexactEvents),
            MetricFamily(lastEvent, counts.reading.lastEventTimestamp.map(SampleValue.number)),
            MetricFamily(lostLogs, .integer(counts.lostLogs)), MetricFamily(lostBytes, .integer(counts.lostBytes)),
        ]
    }
}
