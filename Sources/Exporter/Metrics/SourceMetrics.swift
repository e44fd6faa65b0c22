import AccessScanning
import Exposition

/// What `/metrics` shows of the detection: sources, networks, and how full their budgets are.
enum SourceMetrics {
    static func families(of counts: Counts, at now: Double) -> [MetricFamily] {
        sources(counts.sources) + networks(counts.networks, counts.sources.quietSources(at: now))
            + budgets(counts.sources, counts.networks)
    }

    // There are ten thousands of such label sets.
    private static let sourceLabels = LabelNames(["src_ip", "country", "city", "origin"])
    private static let networkLabels = LabelNames(["network"])
    private static let exemplarLabels = LabelNames(["audit_id"])

    private static func sources(_ sources: SourceCounts) -> [MetricFamily] {
        var requests = MetricFamily(
            "kube_audit_unauthenticated_forbidden_requests_total",
            help: "Requests to the API server that were made without credentials and refused, by source address.",
            kind: .counter, samples: [])
        var firstSeen = MetricFamily(
            "kube_audit_source_first_seen_timestamp_seconds",
            help: "When this source's counter was created, in seconds since 1970.", kind: .gauge, samples: [])
        requests.samples.reserveCapacity(sources.counters.count)
        firstSeen.samples.reserveCapacity(sources.counters.count)
        for counter in sources.counters {
            let labels = LabelSet(
                sourceLabels,
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
        let retired = MetricFamily(
            "kube_audit_retired_requests_total",
            help: "Requests of sources that were retired; with them the sum over all sources never falls.",
            kind: .counter, samples: [Sample(.integer(sources.retiredRequests))])
        return [requests, firstSeen, retired]
    }

    private static func exemplar(_ request: RequestReference) -> Exemplar? {
        guard !request.auditID.isEmpty else { return nil }
        return Exemplar(labels: LabelSet(exemplarLabels, [request.auditID]), timestamp: request.received)
    }

    private static func networks(
        _ networks: NetworkCounts, _ quiet: [SourceNetwork: (sources: Int, requests: Int)]
    ) -> [MetricFamily] {
        var requests = MetricFamily(
            "kube_audit_unauthenticated_forbidden_requests_by_network_total",
            help: "The same requests by the network of their verified source: an IPv4 /24 or an IPv6 /64.",
            kind: .counter, samples: [])
        var firstSeen = MetricFamily(
            "kube_audit_network_first_seen_timestamp_seconds",
            help: "When this network's counter was created, in seconds since 1970.", kind: .gauge, samples: [])
        var quietSources = MetricFamily(
            "kube_audit_network_quiet_sources",
            help: "Sources of this network that made requests in the last hour, each too few to be called a scan.",
            kind: .gauge, samples: [])
        var quietRequests = MetricFamily(
            "kube_audit_network_quiet_requests", help: "The requests of these sources in the last hour.", kind: .gauge,
            samples: [])
        for counter in networks.counters {
            let labels = LabelSet(networkLabels, [counter.network.description])
            requests.samples.append(Sample(.integer(counter.requests), labels: labels, created: counter.firstSeen))
            firstSeen.samples.append(Sample(.number(counter.firstSeen), labels: labels))
            guard case .network = counter.network else { continue }
            let (sources, requests) = quiet[counter.network] ?? (0, 0)
            quietSources.samples.append(Sample(.integer(UInt64(sources)), labels: labels))
            quietRequests.samples.append(Sample(.integer(UInt64(requests)), labels: labels))
        }
        let retired = MetricFamily(
            "kube_audit_retired_network_requests_total",
            help: "Requests of networks that were retired; with them the sum over all networks never falls.",
            kind: .counter, samples: [Sample(.integer(networks.retiredRequests))])
        return [requests, firstSeen, quietSources, quietRequests, retired]
    }

    private static func budgets(_ sources: SourceCounts, _ networks: NetworkCounts) -> [MetricFamily] {
        let byOrigin = { (name: String, help: String, kind: MetricFamily.Kind, value: (Origin) -> UInt64) in
            MetricFamily(
                name, help: help, kind: kind,
                samples: Origin.allCases.map { Sample(.integer(value($0)), labels: ["origin": $0.rawValue]) })
        }
        return [
            byOrigin("kube_audit_tracked_sources", "Sources that have a counter of their own.", .gauge) {
                UInt64(sources[$0].tracked)
            },
            byOrigin("kube_audit_source_limit", "How many sources may have a counter of their own.", .gauge) {
                UInt64(sources.limits[$0])
            },
            byOrigin(
                "kube_audit_displaced_sources",
                "Sources that gave way to others and are remembered; their requests are counted under other.", .gauge
            ) { UInt64(sources[$0].displaced) },
            byOrigin(
                "kube_audit_untracked_requests_total",
                "Requests among which a scan may hide: so many sources came that these were forgotten within the hour.",
                .counter
            ) { sources[$0].untrackedRequests },
            MetricFamily(
                "kube_audit_tracked_networks", help: "Networks that have a counter of their own.", kind: .gauge,
                samples: [Sample(.integer(UInt64(networks.use.tracked)))]),
            MetricFamily(
                "kube_audit_network_limit", help: "How many networks may have a counter of their own.", kind: .gauge,
                samples: [Sample(.integer(UInt64(networks.limit)))]),
        ]
    }
}
