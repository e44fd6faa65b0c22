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
            limit: limits.networks, other: .other, key: key, restoring: counters, displaced: displaced,
            retiredRequests: retiredRequests, at: now)
    }

    /// Counts one request of a source.
    ///
    /// - Parameters:
    ///   - source: The source of the request; only verified ones are counted.
    ///   - now: Seconds since 1970.
    mutating func count(_ source: Source, at now: Double) {
        guard source.origin == .verified, let network = SourceNetwork(source.address) else { return }
        networks.count(
            network, at: now,
            create: { NetworkCounter(network: $0, firstSeen: now, lastSeen: now, requests: 0) }, note: { _ in })
    }

    /// Removes the networks that were silent for longer than the retention. Their requests stay in the sum.
    mutating func retireSilent(at now: Double) {
        networks.retireSilent(for: limits.retention, at: now)
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

    /// A counter with these values.
    public init(
        network: SourceNetwork, firstSeen: Double, lastSeen: Double, requests: UInt64,
        recent: RecentRequests = RecentRequests()
    ) {
        self.network = network
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.requests = requests
        self.recent = recent
    }
}

extension NetworkCounter: BudgetedCounter {
    var subject: SourceNetwork { network }
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

extension SourceCounts {
    /// The quiet sources of each network: verified ones with requests in the last hour, too few for an alert of their
    /// own.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: The number of these sources, and of their requests in that hour.
    public func quietSources(at now: Double) -> [SourceNetwork: (sources: Int, requests: Int)] {
        var quiet: [SourceNetwork: (sources: Int, requests: Int)] = [:]
        for page in counters.parts.lazy.flatMap(\.pages) {
            // By index, since a copy of a whole counter takes most of the time.
            for place in page.indices where page[place].source.origin == .verified {
                let requests = page[place].recent.count(at: now)
                guard 1...ScanningThreshold.requests ~= requests,
                    let network = SourceNetwork(page[place].source.address)
                else { continue }
                add(requests, to: &quiet[network, default: (0, 0)])
            }
        }
        return quiet
    }

    private func add(_ requests: Int, to quiet: inout (sources: Int, requests: Int)) {
        quiet.sources += 1
        quiet.requests += requests
    }
}
