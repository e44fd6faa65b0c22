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

/// How many sources are kept, and how long.
public struct SourceLimits: Sendable, Hashable {
    /// At most so many verified sources have a counter of their own.
    public var verified: Int
    /// At most so many claimed sources have a counter of their own; a budget apart, so that forged headers can never
    /// push out a verified source.
    public var claimed: Int
    /// At most so many networks of verified sources have a counter of their own.
    public var networks: Int
    /// A source or network that was silent for so many seconds is retired.
    public var retention: Double

    /// Limits; those of the exporter unless given.
    public init(verified: Int = 10_000, claimed: Int = 1_000, networks: Int = 5_000, retention: Double = 24 * 3600) {
        self.verified = verified
        self.claimed = claimed
        self.networks = networks
        self.retention = retention
    }

    /// The budget of an origin.
    public subscript(origin: Origin) -> Int {
        switch origin {
        case .verified: verified
        case .claimed: claimed
        }
    }
}

/// What is known of one source.
public struct SourceCounter: Sendable, Hashable {
    /// Whose counter it is.
    public let source: Source
    /// Where the source is; looked up when the counter is created, since another database later must not move a
    /// count to another series.
    public let location: Location
    /// When the counter was created, in seconds since 1970 by the exporter's clock.
    public internal(set) var firstSeen: Double
    /// When it last rose, in seconds since 1970 by the exporter's clock.
    public internal(set) var lastSeen: Double
    /// The requests counted.
    public internal(set) var requests: UInt64
    /// When the last ones of them were counted.
    public internal(set) var recent: RecentRequests
    /// The request counted last.
    public internal(set) var lastRequest: RequestReference

    /// A counter as it was kept.
    public init(
        source: Source, location: Location, firstSeen: Double, lastSeen: Double, requests: UInt64,
        recent: RecentRequests = RecentRequests(), lastRequest: RequestReference
    ) {
        self.source = source
        self.location = location
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.requests = requests
        self.recent = recent
        self.lastRequest = lastRequest
    }
}

extension SourceCounter: BudgetedCounter {
    var subject: Source { source }

    mutating func limitTimes(to now: Double) {
        firstSeen = firstSeen.limited(to: now)
        lastSeen = lastSeen.limited(to: now)
        recent.limit(to: now)
        lastRequest.received = lastRequest.received?.limited(to: now)
    }
}

/// Where to find a counted request in the audit log.
public struct RequestReference: Sendable, Hashable {
    /// The longest audit ID that is kept, in bytes.
    ///
    /// A client chooses it by a header and may make it as long as headers may be; kept with each source, that would fill
    /// the memory. Those that API servers make are UUIDs.
    public static let auditIDLimit = 128

    /// Its audit ID, which the client may have chosen; empty where it is longer than the limit, for a part of it would
    /// find nothing.
    public let auditID: String
    /// Its `requestReceivedTimestamp`, in seconds since 1970; `nil` where the event has none.
    public internal(set) var received: Double?

    /// A request with this ID.
    public init(auditID: String, received: Double?) {
        self.auditID = auditID.utf8.count <= Self.auditIDLimit ? auditID : ""
        self.received = received
    }
}

/// What can be shown of the ledger of sources, at one moment.
public struct SourceCounts: Sendable, Hashable {
    /// The counters of all sources. The parts are always the same ones in the same order, and a source keeps its index
    /// in its part for as long as it has a counter; only the last one of a part may move, to an index that became free.
    public var counters: JoinedPages<SourceCounter>
    /// The bounds.
    public var limits: SourceLimits
    /// Requests of sources that were retired.
    public var retiredRequests: UInt64
    /// How full the budgets are.
    public var origins: [Origin: BudgetUse]

    /// An empty ledger's, unless it is given.
    public init(
        counters: JoinedPages<SourceCounter> = [], limits: SourceLimits = SourceLimits(), retiredRequests: UInt64 = 0,
        origins: [Origin: BudgetUse] = [:]
    ) {
        self.counters = counters
        self.limits = limits
        self.retiredRequests = retiredRequests
        self.origins = origins
    }

    /// How full the budget of an origin is.
    public subscript(origin: Origin) -> BudgetUse { origins[origin] ?? BudgetUse() }
}
