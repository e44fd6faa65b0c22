import AccessScanning
import Exposition

/// The metrics of the detection: counters by source and by network, and the use of their budgets.
enum SourceMetrics {
    static let requests = Metric(
        "kube_audit_unauthenticated_forbidden_requests_total", .counter,
        "Requests to the API server without credentials that were refused, by source address.",
        labels: ["src_ip", "country", "city", "origin"],
        details: "One request counts once for each distinct address it came from or claims.")
    static let firstSeen = Metric(
        "kube_audit_source_first_seen_timestamp_seconds", .gauge,
        "When this source's counter was created, in seconds since 1970.",
        labels: ["src_ip", "country", "city", "origin"])
    static let retiredRequests = Metric(
        "kube_audit_retired_requests_total", .counter,
        "Requests of retired sources; together with them the sum over all sources never falls.")
    static let networkRequests = Metric(
        "kube_audit_unauthenticated_forbidden_requests_by_network_total", .counter,
        "The same requests by the network of their verified source: an IPv4 /24 or an IPv6 /64.", labels: ["network"],
        details: "Each counts once.")
    static let networkFirstSeen = Metric(
        "kube_audit_network_first_seen_timestamp_seconds", .gauge,
        "When this network's counter was created, in seconds since 1970.", labels: ["network"])
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

    /// In the order in which they are exposed.
    static let metrics = [
        requests, firstSeen, retiredRequests, networkRequests, networkFirstSeen, quietSources, quietRequests,
        retiredNetworkRequests, trackedSources, sourceLimit, displacedSources, untrackedRequests, trackedNetworks,
        networkLimit,
    ]

    /// - Parameter now: Seconds since 1970.
    static func families(of counts: Counts, at now: Double) -> [MetricFamily] {
        sources(counts.sources) + networks(counts.networks, counts.sources.quietSources(at: now))
            + budgets(counts.sources, counts.networks)
    }

    private static let exemplarLabels = LabelNames(["audit_id"])

    private static func sources(_ sources: SourceCounts) -> [MetricFamily] {
        var requests = MetricFamily(requests, [])
        var firstSeen = MetricFamily(firstSeen, [])
        requests.samples.reserveCapacity(sources.counters.count)
        firstSeen.samples.reserveCapacity(sources.counters.count)
        for counter in sources.counters {
            let labels = LabelSet(
                requests.metric.labels,
                [
                    counter.source.address.description, counter.location.country, counter.location.city,
                    counter.source.origin.rawValue,
                ])
            requests.samples.append(
                Sample(
                    .integer(counter.requests), labels: labels, created: counter.firstSeen,
                    exemplar: exemplar(counter.lastRequest)))
            firstSeen.samples.append(Sample(.number(counter.firstSeen), labels: labels))
        }
        return [requests, firstSeen, MetricFamily(retiredRequests, .integer(sources.retiredRequests))]
    }

    private static func exemplar(_ request: RequestReference) -> Exemplar? {
        guard !request.auditID.isEmpty else { return nil }
        return Exemplar(labels: LabelSet(exemplarLabels, [request.auditID]), timestamp: request.received)
    }

    private static func networks(
        _ networks: NetworkCounts, _ quiet: [SourceNetwork: (sources: Int, requests: Int)]
    ) -> [MetricFamily] {
        var requests = MetricFamily(networkRequests, [])
        var firstSeen = MetricFamily(networkFirstSeen, [])
        var quietSources = MetricFamily(quietSources, [])
        var quietRequests = MetricFamily(quietRequests, [])
        for counter in networks.counters {
            let labels = LabelSet(requests.metric.labels, [counter.network.description])
            requests.samples.append(Sample(.integer(counter.requests), labels: labels, created: counter.firstSeen))
            firstSeen.samples.append(Sample(.number(counter.firstSeen), labels: labels))
            guard case .network = counter.network else { continue }
            let quiet = quiet[counter.network] ?? (0, 0)
            quietSources.samples.append(Sample(SampleValue(quiet.sources), labels: labels))
            quietRequests.samples.append(Sample(SampleValue(quiet.requests), labels: labels))
        }
        let retired = MetricFamily(retiredNetworkRequests, .integer(networks.retiredRequests))
        return [requests, firstSeen, quietSources, quietRequests, retired]
    }

    private static func budgets(_ sources: SourceCounts, _ networks: NetworkCounts) -> [MetricFamily] {
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
