import AccessScanning
import StateStore

/// All counts at one moment. Published counts were written before: a crash never takes back a count that was shown.
struct Counts: Sendable {
    /// The counters of each analytic.
    var analytics: [AnalyticCounts] = [AnalyticCounts(analytic: .forbidden, networks: NetworkCounts())]
    /// Events of requests that were counted before.
    var duplicateEvents: UInt64 = 0
    /// Requests that matched an entry of the filter, by its name.
    var filteredRequests: [String: UInt64] = [:]
    /// Lines and bytes read, by input; inputs that are configured or were once.
    var reading = ReadingTotals()
    /// Logs of which some bytes were lost, since the start.
    var lostLogs: UInt64 = 0
    /// Known bytes lost, since the start.
    var lostBytes: UInt64 = 0

    /// The counters by source of the first analytic.
    var sources: SourceCounts {
        get { analytics[0].sources }
        set { analytics[0].sources = newValue }
    }
    /// The counters by network of the first analytic.
    var networks: NetworkCounts { analytics[0].networks ?? NetworkCounts() }
}

extension Analytic {
    /// The outcomes that the exporter counts.
    static let counted: [Analytic] = [.forbidden]
}
