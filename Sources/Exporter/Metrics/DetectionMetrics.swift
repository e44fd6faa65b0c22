import AccessScanning
import Exposition

/// The metrics of the counters of one analytic.
struct AnalyticMetrics: Sendable {
    let sources: CounterMetrics
    let networks: CounterMetrics?

    init(_ analytic: Analytic) {
        sources = CounterMetrics(
            analytic.sources, requests: "\(analytic.meaning), by source address.",
            firstSeen: "When this source's counter was created, in seconds since 1970.",
            labels: ["src_ip", "country", "city", "origin"],
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

/// The two metrics of a kind of counters: how many requests, and since when.
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

/// The metrics of the detection besides the counters: retirement, quiet networks, and the use of budgets.
enum DetectionMetrics {
    static let retiredRequests = Metric(
        "kube_audit_retired_requests_total", .counter,
        "Requests of retired sources; together with them the sum over all sources never falls.")
    static let quietSources = Metric(
        "kube_audit_network_quiet_sources", .gauge,
        "Verified sources of this network with requests in the last hour, each too few for a scan.",
        labels: ["network"], details: "That is one to five requests.")
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
        "Sources that lost their counter to other sources and are remembered; other has their requests.",
        labels: ["origin"], details: "See [More sources than counters](#more-sources-than-counters).")
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
        return analytics.flatMap(\.sources.metrics) + [retiredRequests]
            + analytics.flatMap { $0.networks?.metrics ?? [] } + [
                quietSources, quietRequests, retiredNetworkRequests, trackedSources, sourceLimit, displacedSources,
                untrackedRequests, trackedNetworks, networkLimit,
            ]
    }

    static func retired(of counts: [AnalyticCounts]) -> MetricFamily {
        MetricFamily(retiredRequests, .integer(counts.map(\.sources.retiredRequests).reduce(0, &+)))
    }

    static func retiredNetworks(of counts: [AnalyticCounts]) -> MetricFamily {
        MetricFamily(retiredNetworkRequests, .integer(counts.compactMap(\.networks?.retiredRequests).reduce(0, &+)))
    }

    /// - Parameter now: Seconds since 1970.
    static func quiet(_ sources: SourceCounts, _ networks: NetworkCounts, at now: Double) -> [MetricFamily] {
        let quiet = sources.quietSources(at: now)
        let counted = networks.counters.compactMap { counter in
            if case .network = counter.network { counter.network } else { nil }
        }
        let family = { (metric: Metric, value: ((sources: Int, requests: Int)) -> Int) in
            MetricFamily(
                metric, counted.map { metric.sample(SampleValue(value(quiet[$0] ?? (0, 0))), $0.description) })
        }
        return [family(quietSources, \.sources), family(quietRequests, \.requests)]
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
