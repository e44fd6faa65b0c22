import AuditEvents

/// The counters of the networks of verified sources, within a budget of their own.
///
/// An attacker with many addresses can stay below the threshold with each of them; together they stand out. Claimed
/// addresses are not counted by network, since a client can claim any address.
public struct NetworkLedger: Sendable {
    private let limits: SourceLimits
    private var networks: CounterTable<NetworkCounter>

    /// A ledger that continues from a state. See `SourceLedger`.
    init(
        limits: SourceLimits, key: SipHash128.Key, restoring counters: [NetworkCounter], displaced: DisplacedState,
        retiredRequests: UInt64, at now: Double
    ) {
        self.limits = limits
        networks = CounterTable(
            limit: limits.networks, threshold: limits.threshold, remembering: limits.threshold + 1, key: key,
            restoring: counters, displaced: displaced, retiredRequests: retiredRequests, at: now)
    }

    /// Counts one request of a source.
    ///
    /// - Parameters:
    ///   - source: The source of the request; only verified ones are counted.
    ///   - uncounted: How requests of sources without a counter change by it.
    ///   - now: Seconds since 1970.
    mutating func count(_ source: Source, noting uncounted: [UncountedChange<SourceSubject>], at now: Double) {
        guard source.origin == .verified, let network = SourceNetwork(source.address) else { return }
        let isNew = !networks.contains(network)
        networks.count(
            network, at: now,
            create: { NetworkCounter(network: $0, firstSeen: now, lastSeen: now, requests: 0) }, note: { _ in })
        _ = networks.takeEffects()
        for change in uncounted {
            guard let network = SourceNetwork(change.subject.source.address) else { continue }
            networks.change(network) {
                // The earlier requests of a network that gets its counter late came from such sources, too.
                if isNew, change.subject.source == source, change.isGain {
                    for time in $0.recent.times.dropFirst() {
                        $0.uncounted.change([time], isGain: true, changesSources: true)
                    }
                }
                $0.uncounted.change(change.times, isGain: change.isGain, changesSources: change.changesSubjects)
            }
        }
    }

    /// Removes the networks that were silent for longer than the retention. Their requests stay in the sum.
    mutating func retireSilent(at now: Double) {
        networks.retireSilent(for: limits.retention, at: now)
        _ = networks.takeEffects()
    }

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double) {
        networks.limitTimes(to: now)
    }

    /// The counters as they can be shown.
    public var counts: NetworkCounts {
        NetworkCounts(
            counters: JoinedPages(networks.counters), limit: limits.networks, retiredRequests: networks.retiredRequests,
            use: networks.use)
    }

    // MARK: Changes

    /// Adds the changes since the last call.
    mutating func takeChanges(into changes: inout AnalyticChanges) {
        let taken = networks.takeChanges()
        changes.networks = taken.counters
        changes.removedNetworks = taken.removed
        changes.displacedNetworks = taken.displaced
        changes.retiredNetworkRequests = networks.retiredRequests
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    mutating func putBack(_ changes: AnalyticChanges) {
        networks.putBack(
            CounterChanges(
                counters: changes.networks, removed: changes.removedNetworks, displaced: changes.displacedNetworks))
    }
}

/// The counter of one network of verified sources.
public struct NetworkCounter: Sendable, Hashable {
    /// The network.
    public let network: SourceNetwork
    /// When the counter was created, in seconds since 1970 by the exporter's clock.
    public internal(set) var firstSeen: Double
    /// When it last increased, in seconds since 1970 by the exporter's clock.
    public internal(set) var lastSeen: Double
    /// The requests counted.
    public internal(set) var requests: UInt64
    /// When the last requests were counted.
    public internal(set) var recent: RecentRequests
    /// Requests of its sources without a counter of their own.
    public internal(set) var uncounted: UncountedRequests

    /// A counter with these values.
    public init(
        network: SourceNetwork, firstSeen: Double, lastSeen: Double, requests: UInt64,
        recent: RecentRequests = RecentRequests(), uncounted: UncountedRequests = UncountedRequests()
    ) {
        self.network = network
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.requests = requests
        self.recent = recent
        self.uncounted = uncounted
    }
}

extension NetworkCounter: BudgetedCounter {
    var subject: SourceNetwork { network }

    func hasTimes(after now: Double) -> Bool {
        var limited = self
        limited.limitTimes(to: now)
        return limited != self
    }

    mutating func limitTimes(to now: Double) {
        firstSeen = firstSeen.limited(to: now)
        lastSeen = lastSeen.limited(to: now)
        recent.limit(to: now)
        uncounted.limit(to: now)
    }
}

/// The counters by network at one moment.
public struct NetworkCounts: Sendable, Hashable {
    /// The counters of all networks; see `SourceCounts.counters`.
    public var counters: JoinedPages<NetworkCounter>
    /// The maximum number of networks with a counter of their own.
    public var limit: Int
    /// Requests of retired networks.
    public var retiredRequests: UInt64
    /// The use of the budget.
    public var use: BudgetUse

    /// Counters; those of an empty ledger unless they are given.
    public init(
        counters: JoinedPages<NetworkCounter> = [], limit: Int = SourceLimits().networks, retiredRequests: UInt64 = 0,
        use: BudgetUse = BudgetUse()
    ) {
        self.counters = counters
        self.limit = limit
        self.retiredRequests = retiredRequests
        self.use = use
    }
}

extension NetworkCounts {
    /// The quiet sources of each network that has a counter, with those that have no counter of their own.
    ///
    /// - Parameters:
    ///   - tracked: Those that have a counter, at the same moment.
    ///   - now: Seconds since 1970.
    /// - Returns: The number of these sources, and of their requests in the hour.
    public func quietSources(
        with tracked: QuietNetworks.Sums, at now: Double
    ) -> [(network: SourceNetwork, sources: Int, requests: Int)] {
        counters.compactMap { counter in
            guard case .network = counter.network else { return nil }
            let quiet = tracked[counter.network] ?? (0, 0)
            let uncounted = counter.uncounted.count(at: now)
            return (counter.network, quiet.sources + uncounted.sources, quiet.requests + uncounted.requests)
        }
    }
}
