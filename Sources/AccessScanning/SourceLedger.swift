import AuditEvents

/// The counters of all sources, within bounds.
///
/// Verified and claimed sources have a budget each, so that forged headers can never push out a verified source.
/// Where one is full, sources that are quiet give way to others, and their requests are counted together under `other`
/// (see `CounterTable`); the sum over all counters, with what was retired, is always the number of addresses counted.
/// `invalid` and `other` need no budget.
public struct SourceLedger: Sendable {
    /// The bounds.
    public let limits: SourceLimits

    private var verified: CounterTable<SourceCounter>
    private var claimed: CounterTable<SourceCounter>

    /// A ledger that continues from a state.
    ///
    /// - Parameters:
    ///   - limits: The bounds. Counters that are restored stay past a budget that was lowered, until others need their
    ///     places.
    ///   - key: What displaced sources are known by; what is restored must have been made with the same.
    ///   - counters: No two of the same source.
    ///   - displaced: Sources that gave way before.
    ///   - retiredRequests: Requests of sources that were retired before.
    ///   - now: Seconds since 1970; later times in what is restored become this.
    init(
        limits: SourceLimits, key: SipHash128.Key, restoring counters: [SourceCounter],
        displaced: [Origin: DisplacedState], retiredRequests: UInt64, at now: Double
    ) {
        self.limits = limits
        let table = { (origin: Origin, retiredRequests: UInt64) in
            CounterTable(
                limit: limits[origin], other: Source(.other, origin), key: key,
                restoring: counters.filter { $0.source.origin == origin },
                displaced: displaced[origin] ?? DisplacedState(), retiredRequests: retiredRequests, at: now)
        }
        verified = table(.verified, retiredRequests)
        claimed = table(.claimed, 0)
    }

    /// An empty ledger.
    public init(limits: SourceLimits = SourceLimits()) {
        self.init(
            limits: limits, key: .random(), restoring: [], displaced: [:], retiredRequests: 0, at: -.infinity)
    }

    /// Counts one request of `source`.
    ///
    /// - Parameters:
    ///   - source: Whose it is.
    ///   - reference: Where to find the request.
    ///   - now: Seconds since 1970.
    ///   - locate: Asked where an address is when its counter is created.
    public mutating func count(
        _ source: Source, _ reference: RequestReference, at now: Double, locate: (IPAddress) -> Location
    ) {
        let create = { (source: Source) in
            var location = Location.unknown
            if case .address(let address) = source.address { location = locate(address) }
            return SourceCounter(
                source: source, location: location, firstSeen: now, lastSeen: now, requests: 0, lastRequest: reference)
        }
        let note = { (counter: inout SourceCounter) in counter.lastRequest = reference }
        switch source.origin {
        case .verified: verified.count(source, at: now, create: create, note: note)
        case .claimed: claimed.count(source, at: now, create: create, note: note)
        }
    }

    /// Removes the sources that were silent for longer than the retention. Their requests stay in the sum.
    ///
    /// - Parameter now: Seconds since 1970.
    public mutating func retireSilentSources(at now: Double) {
        verified.retireSilent(for: limits.retention, at: now)
        claimed.retireSilent(for: limits.retention, at: now)
    }

    /// Makes times after `now` to be `now`.
    mutating func limitTimes(to now: Double) {
        verified.limitTimes(to: now)
        claimed.limitTimes(to: now)
    }

    /// What can be shown of it.
    public var counts: SourceCounts {
        SourceCounts(
            counters: JoinedPages(verified.counters + claimed.counters), limits: limits,
            retiredRequests: verified.retiredRequests &+ claimed.retiredRequests,
            origins: [.verified: verified.use, .claimed: claimed.use])
    }

    // MARK: Changes

    /// Writes what was changed since the last call.
    mutating func takeChanges(into changes: inout AnalyticChanges) {
        for (origin, taken) in [(Origin.verified, verified.takeChanges()), (.claimed, claimed.takeChanges())] {
            changes.counters += taken.counters
            changes.removedSources.formUnion(taken.removed)
            changes.displacedSources[origin] = taken.displaced
        }
        changes.retiredRequests = verified.retiredRequests &+ claimed.retiredRequests
    }

    /// Gives changes back that could not be written: they will be among those that are taken next.
    mutating func putBack(_ changes: AnalyticChanges) {
        let of = { (origin: Origin) in
            CounterChanges<SourceCounter>(
                counters: changes.counters.filter { $0.source.origin == origin },
                removed: changes.removedSources.filter { $0.origin == origin },
                displaced: changes.displacedSources[origin])
        }
        verified.putBack(of(.verified))
        claimed.putBack(of(.claimed))
    }
}
