import AuditEvents

/// The counters of one analytic: by source and, where it counts them, by network.
public struct AnalyticLedger: Sendable {
    /// The analytic.
    public let analytic: Analytic
    /// The counters by source.
    public private(set) var sources: SourceLedger
    /// The counters by network; `nil` where the analytic does not count them.
    public private(set) var networks: NetworkLedger?

    init(
        _ analytic: Analytic, limits: SourceLimits, restoring state: AnalyticState, key: SipHash128.Key, at now: Double
    ) {
        self.analytic = analytic
        sources = SourceLedger(
            limits: limits, threshold: analytic.threshold, key: key, restoring: state.counters,
            displaced: state.displacedSources, retiredRequests: state.retiredRequests, at: now)
        networks = analytic.networks.map { _ in
            NetworkLedger(
                limits: limits, key: key, restoring: state.networks, displaced: state.displacedNetworks,
                retiredRequests: state.retiredNetworkRequests, at: now)
        }
    }

    /// The counters as they can be shown.
    public var counts: AnalyticCounts {
        AnalyticCounts(analytic: analytic, sources: sources.counts, networks: networks?.counts)
    }

    /// Whether a source has a counter.
    func contains(_ source: Source) -> Bool {
        analytic.credentials.contains { sources.contains(SourceSubject(source, $0)) }
    }

    /// Whether a source made so many requests within the hour, with any credentials, that it may be scanning.
    func isScanning(_ source: Source, at now: Double) -> Bool {
        analytic.credentials.reduce(0) { $0 + sources.recentRequests(of: SourceSubject(source, $1), at: now) }
            > sources.protection
    }

    /// Adds the sources that `isScanning` is true of. For many sources this takes a fraction of the time.
    func addScanning(to scanning: inout Set<Source>, at now: Double) {
        var recent: [Source: Int] = [:]
        sources.forEachRecent(at: now) { subject, requests in
            var sum = requests
            if analytic.distinguishesCredentials {
                sum += recent[subject.source, default: 0]
                recent[subject.source] = sum
            }
            if sum > sources.protection { scanning.insert(subject.source) }
        }
    }

    /// Sets the elements that belong to profiles whose source has a counter.
    func noteCounted(in profiles: [SourceProfile], _ isCounted: inout [Bool]) {
        for index in profiles.indices where !isCounted[index] {
            isCounted[index] = contains(profiles[index].source)
        }
    }

    /// Counts one request of a source.
    mutating func count(
        _ source: Source, _ event: AuditEvent, _ reference: RequestReference, at now: Double,
        locate: (IPAddress) -> Location
    ) -> CountedRequest {
        let subject = SourceSubject(source, analytic.distinguishesCredentials ? event.credentials : nil)
        let counted = sources.count(subject, reference, at: now, locate: locate)
        networks?.count(source, noting: counted.effects.uncounted, at: now)
        return counted
    }

    /// - Returns: The subjects whose counters were removed.
    mutating func retireSilent(at now: Double) -> [SourceSubject] {
        networks?.retireSilent(at: now)
        return sources.retireSilentSources(at: now)
    }

    mutating func limitTimes(to now: Double) {
        sources.limitTimes(to: now)
        networks?.limitTimes(to: now)
    }

    mutating func takeChanges() -> AnalyticChanges {
        var changes = AnalyticChanges(name: analytic.name)
        sources.takeChanges(into: &changes)
        networks?.takeChanges(into: &changes)
        return changes
    }

    mutating func putBack(_ changes: AnalyticChanges) {
        sources.putBack(changes)
        networks?.putBack(changes)
    }
}

/// The counters of one analytic at one moment.
public struct AnalyticCounts: Sendable, Hashable {
    /// The analytic.
    public var analytic: Analytic
    /// The counters by source.
    public var sources: SourceCounts
    /// The counters by network; `nil` where the analytic does not count them.
    public var networks: NetworkCounts?

    /// Counters; those of an empty ledger unless they are given.
    public init(analytic: Analytic, sources: SourceCounts = SourceCounts(), networks: NetworkCounts? = nil) {
        self.analytic = analytic
        self.sources = sources
        self.networks = networks
    }
}
