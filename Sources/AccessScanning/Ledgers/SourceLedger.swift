import AuditEvents

/// The counters of all sources, within limits.
///
/// Verified and claimed sources have separate budgets, so that forged headers never displace a verified source. When a
/// budget is full, the requests of new sources are counted under `other`, until one of them may scan and displaces a
/// quiet one (see `CounterTable`). The sum over all counters, retired ones included, is always the number of addresses counted.
/// `invalid` and `other` need no place in a budget.
public struct SourceLedger: Sendable {
    /// The limits of the ledger.
    public let limits: SourceLimits

    private var verified: CounterTable<SourceCounter>
    private var claimed: CounterTable<SourceCounter>
    // Sources with values that were first seen since changes were last taken.
    private var changedEvidence: Set<Source> = []

    /// A ledger that continues from a state.
    ///
    /// - Parameters:
    ///   - limits: The limits of the ledger. Restored counters past a budget stay until others need their places.
    ///   - key: The key of the fingerprints of displaced sources.
    ///   - counters: No two of the same source.
    ///   - displaced: The displaced sources.
    ///   - retiredRequests: Requests of retired sources.
    ///   - now: Seconds since 1970. Later times in the state are replaced by it.
    init(
        limits: SourceLimits, key: SipHash128.Key, restoring counters: [SourceCounter],
        displaced: [Origin: DisplacedState], retiredRequests: UInt64, at now: Double
    ) {
        self.limits = limits
        let table = { (origin: Origin, retiredRequests: UInt64) in
            CounterTable(
                limit: limits[origin], threshold: limits.threshold, other: Source(.other, origin), key: key,
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
    ///   - source: The source of the request.
    ///   - reference: The request in the audit log.
    ///   - now: Seconds since 1970.
    ///   - locate: Finds the location of an address when its counter is created.
    public mutating func count(
        _ source: Source, _ reference: RequestReference, at now: Double, locate: (IPAddress) -> Location
    ) {
        _ = countNotingUncounted(source, AuditEvent(), reference, path: nil, at: now, locate: locate)
    }

    /// Counts one request, and returns how requests of sources without a counter change by it.
    ///
    /// - Parameters:
    ///   - event: An event of the request, whose values become evidence.
    ///   - path: The hash of the request's path.
    mutating func countNotingUncounted(
        _ source: Source, _ event: AuditEvent, _ reference: RequestReference, path: UInt64?, at now: Double,
        locate: (IPAddress) -> Location
    ) -> [UncountedChange<Source>] {
        let create = { (source: Source) in
            var location = Location.unknown
            if case .address(let address) = source.address { location = locate(address) }
            return SourceCounter(
                source: source, location: location, firstSeen: now, lastSeen: now, requests: 0)
        }
        // The source itself, or `other`.
        var withNewValues: Source?
        let note = { (counter: inout SourceCounter) in
            if counter.note(event, reference, path: path, at: now) { withNewValues = counter.source }
        }
        defer { if let withNewValues { changedEvidence.insert(withNewValues) } }
        switch source.origin {
        case .verified:
            verified.count(source, at: now, create: create, note: note)
            return verified.takeUncounted()
        case .claimed:
            claimed.count(source, at: now, create: create, note: note)
            return claimed.takeUncounted()
        }
    }

    /// Removes the sources that were silent for longer than the retention. Their requests stay in the sum.
    ///
    /// - Parameter now: Seconds since 1970.
    public mutating func retireSilentSources(at now: Double) {
        verified.retireSilent(for: limits.retention, at: now)
        claimed.retireSilent(for: limits.retention, at: now)
    }

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double) {
        verified.limitTimes(to: now)
        claimed.limitTimes(to: now)
    }

    /// The counters as they can be shown.
    public var counts: SourceCounts {
        SourceCounts(
            counters: JoinedPages(verified.counters + claimed.counters), limits: limits,
            retiredRequests: verified.retiredRequests &+ claimed.retiredRequests,
            origins: [.verified: verified.use, .claimed: claimed.use])
    }

    // MARK: Changes

    /// Adds the changes since the last call.
    mutating func takeChanges(into changes: inout AnalyticChanges) {
        for (origin, taken) in [(Origin.verified, verified.takeChanges()), (.claimed, claimed.takeChanges())] {
            changes.counters += taken.counters
            changes.removedSources.formUnion(taken.removed)
            changes.displacedSources[origin] = taken.displaced
        }
        changes.retiredRequests = verified.retiredRequests &+ claimed.retiredRequests
        // A source that was removed since has no evidence any more.
        for counter in changes.counters where changedEvidence.contains(counter.source) {
            changes.changedEvidence.insert(counter.source)
        }
        changedEvidence = []
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    mutating func putBack(_ changes: AnalyticChanges) {
        let of = { (origin: Origin) in
            CounterChanges<SourceCounter>(
                counters: changes.counters.filter { $0.source.origin == origin },
                removed: changes.removedSources.filter { $0.origin == origin },
                displaced: changes.displacedSources[origin])
        }
        changedEvidence.formUnion(changes.changedEvidence)
        verified.putBack(of(.verified))
        claimed.putBack(of(.claimed))
    }
}

/// Limits of the counters of one analytic.
public struct SourceLimits: Sendable, Hashable {
    /// The maximum number of verified sources with a counter of their own.
    public var verified: Int
    /// The maximum number of claimed sources with a counter of their own: a separate budget, so that forged headers
    /// never push out a verified source.
    public var claimed: Int
    /// The maximum number of networks with a counter of their own.
    public var networks: Int
    /// The seconds of silence after which a source or network is retired.
    public var retention: Double
    /// The largest number of requests within an hour that is not a scan, from `ScanningThreshold.range`.
    public var threshold: Int

    /// Limits; the exporter's defaults unless they are given.
    public init(
        verified: Int = 10_000, claimed: Int = 1_000, networks: Int = 5_000, retention: Double = 24 * 3600,
        threshold: Int = ScanningThreshold.requests
    ) {
        self.verified = verified
        self.claimed = claimed
        self.networks = networks
        self.retention = retention
        self.threshold = threshold
    }

    /// The budget of an origin.
    public subscript(origin: Origin) -> Int {
        switch origin {
        case .verified: verified
        case .claimed: claimed
        }
    }
}

/// The counter of one source.
public struct SourceCounter: Sendable, Hashable {
    /// The source.
    public let source: Source
    /// The location of the source when the counter was created: a later database must not move a count to another
    /// series.
    public let location: Location
    /// When the counter was created, in seconds since 1970 by the exporter's clock.
    public internal(set) var firstSeen: Double
    /// When it last increased, in seconds since 1970 by the exporter's clock.
    public internal(set) var lastSeen: Double
    /// The requests counted.
    public internal(set) var requests: UInt64
    /// When the last requests were counted.
    public internal(set) var recent: RecentRequests
    /// The requests counted last, newest last; at most `requestLimit`. A request without ID and time is left out.
    public var lastRequests: [RequestReference] { last.references }
    /// The distinct values of its requests since the counter was created, within limits.
    public internal(set) var evidence: Evidence
    /// The paths asked for within the last hour.
    public internal(set) var paths: RecentPaths
    /// The requests of each minute of the last hour.
    public internal(set) var byMinute: RequestsByMinute

    private var last: LastRequests

    /// The maximum number of requests in `lastRequests`.
    public static let requestLimit = 5

    /// A counter with these values.
    public init(
        source: Source, location: Location, firstSeen: Double, lastSeen: Double, requests: UInt64,
        recent: RecentRequests = RecentRequests(), lastRequests: [RequestReference] = [],
        evidence: Evidence = Evidence(), paths: RecentPaths = RecentPaths(),
        byMinute: RequestsByMinute = RequestsByMinute()
    ) {
        self.source = source
        self.location = location
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.requests = requests
        self.recent = recent
        last = LastRequests(lastRequests)
        self.evidence = evidence
        self.paths = paths
        self.byMinute = byMinute
    }

    /// The request counted last; `nil` if none was.
    public var lastRequest: RequestReference? { last.last }

    /// Notes what is kept of a request.
    ///
    /// - Returns: Whether the evidence has a new value.
    mutating func note(_ event: AuditEvent, _ reference: RequestReference, path: UInt64?, at now: Double) -> Bool {
        last.add(reference)
        if let path { paths.add(path, at: now) }
        // A counter that continues from earlier requests, or one of an older version, has these and this one in `recent`.
        let times = byMinute.minutes.isEmpty ? recent.times.reversed() : [RecentRequests.wholeSecond(now)]
        for time in times { byMinute.add(at: time) }
        return evidence.note(event)
    }
}

extension SourceCounter: BudgetedCounter {
    var subject: Source { source }

    mutating func limitTimes(to now: Double) {
        firstSeen = firstSeen.limited(to: now)
        lastSeen = lastSeen.limited(to: now)
        recent.limit(to: now)
        last.limitTimes(to: now)
        paths.limit(to: now)
        byMinute.limit(to: now)
    }
}

/// Identifies a counted request in the audit log.
public struct RequestReference: Sendable, Hashable {
    /// The maximum length of an audit ID that is kept, in bytes.
    ///
    /// A client can choose the ID by a header, as long as headers may be; kept with each source, such IDs would fill
    /// the memory. IDs that API servers make are UUIDs.
    public static let auditIDLimit = 128

    /// The audit ID, which the client may have chosen; empty if it is longer than the limit, since a part of it would
    /// find nothing.
    public let auditID: String
    /// The `requestReceivedTimestamp`, in seconds since 1970; `nil` if the event has none.
    public internal(set) var received: Double?

    /// Whether it has neither ID nor time, so that nothing can be found by it.
    public var isEmpty: Bool { auditID.isEmpty && received == nil }

    /// A reference to a request.
    public init(auditID: String, received: Double?) {
        self.auditID = auditID.utf8.count <= Self.auditIDLimit ? auditID : ""
        self.received = received
    }
}

/// The counters by source at one moment.
public struct SourceCounts: Sendable, Hashable {
    /// The counters of all sources. The parts and their order never change, and a source keeps its index in its part
    /// while it has a counter; only the last one of a part may move, to an index that became free.
    public var counters: JoinedPages<SourceCounter>
    /// The limits of the ledger.
    public var limits: SourceLimits
    /// Requests of retired sources.
    public var retiredRequests: UInt64
    /// The use of the budgets.
    public var origins: [Origin: BudgetUse]

    /// Counters; those of an empty ledger unless they are given.
    public init(
        counters: JoinedPages<SourceCounter> = [], limits: SourceLimits = SourceLimits(), retiredRequests: UInt64 = 0,
        origins: [Origin: BudgetUse] = [:]
    ) {
        self.counters = counters
        self.limits = limits
        self.retiredRequests = retiredRequests
        self.origins = origins
    }

    /// The use of the budget of an origin.
    public subscript(origin: Origin) -> BudgetUse { origins[origin] ?? BudgetUse() }

    /// The requests of all sources of an origin that have a counter.
    public func requests(of origin: Origin) -> UInt64 {
        var requests: UInt64 = 0
        for page in counters.parts.lazy.flatMap(\.pages) {
            // By index, since a copy of a whole counter takes most of the time.
            for place in page.indices where page[place].source.origin == origin { requests &+= page[place].requests }
        }
        return requests
    }
}
