import AccessScanning
import Exposition

/// The budgets and the retirement of the outcomes besides the first analytic, whose metrics have names of their own.
enum OutcomeMetrics {
    static let trackedSources = Metric(
        "kube_audit_outcome_tracked_sources", .gauge,
        "Counters of sources of this outcome; unauthorized has one for each kind of credentials.",
        labels: ["outcome", "origin"],
        details: "The limit is that of `kube_audit_source_limit`, for each outcome.")
    static let displacedSources = Metric(
        "kube_audit_outcome_displaced_sources", .gauge,
        "Sources of this outcome without a counter of their own whose last requests are remembered.",
        labels: ["outcome", "origin"])
    static let untrackedRequests = Metric(
        "kube_audit_outcome_untracked_requests_total", .counter,
        "Requests of this outcome whose sources were forgotten within the hour, or got no counter.",
        labels: ["outcome", "origin"])
    static let retiredRequests = Metric(
        "kube_audit_outcome_retired_requests_total", .counter,
        "Requests of retired counters of this outcome; together with them the sum over all sources never falls.",
        labels: ["outcome"])

    /// In the order in which they are exposed.
    static let metrics = [trackedSources, displacedSources, untrackedRequests, retiredRequests]

    /// No families without such outcomes.
    static func families(of counts: ArraySlice<AnalyticCounts>) -> [MetricFamily] {
        guard !counts.isEmpty else { return [] }
        let byOrigin = { (metric: Metric, value: (BudgetUse) -> SampleValue) in
            MetricFamily(
                metric,
                counts.flatMap { counts in
                    Origin.allCases.map { origin in
                        metric.sample(value(counts.sources[origin]), counts.analytic.name, origin.rawValue)
                    }
                })
        }
        return [
            byOrigin(trackedSources) { SampleValue($0.tracked) },
            byOrigin(displacedSources) { SampleValue($0.displaced) },
            byOrigin(untrackedRequests) { .integer($0.untrackedRequests) },
            MetricFamily(
                retiredRequests,
                counts.map { retiredRequests.sample(.integer($0.sources.retiredRequests), $0.analytic.name) }),
        ]
    }
}
