import AuditEvents

/// The counters of the networks that verified sources come from, within a budget of their own.
///
/// Who has many addresses can stay at or under the threshold with each of them; together they stand out. A claimed
/// address is of no network, since anyone can claim any.
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
    ///   - source: Whose it is; nothing is counted for one that is not verified.
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

    /// Makes times after `now` to be `now`.
    mutating func limitTimes(to now: Double) {
        networks.limitTimes(to: now)
    }

    /// What can be shown of it.
    public var counts: NetworkCounts {
        NetworkCounts(
            counters: JoinedPages(networks.counters), limit: limits.networks, retiredRequests: networks.retiredRequests,
            use: networks.use)
    }

    // MARK: Changes

    /// Writes what was changed since the last call.
    mutating func takeChanges(into changes: inout AnalyticChanges) {
        let taken = networks.takeChanges()
        changes.networks = taken.counters
        changes.removedNetworks = taken.removed
        changes.displacedNetworks = taken.displaced
        changes.retiredNetworkRequests = networks.retiredRequests
    }

    /// Gives changes back that could not be written: they will be among those that are taken next.
    mutating func putBack(_ changes: AnalyticChanges) {
        networks.putBack(
            CounterChanges(
                counters: changes.networks, removed: changes.removedNetworks, displaced: changes.displacedNetworks))
    }
}
