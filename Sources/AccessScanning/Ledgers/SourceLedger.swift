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

    /// A ledger that continues from a state.
    ///
    /// - Parameters:
    ///   - limits: The limits of the ledger. Restored counters past a budget stay until others need their places.
    ///   - threshold: The largest number of requests within the hour that is not a scan; that of the limits if `nil`.
    ///   - key: The key of the fingerprints of displaced sources.
    ///   - counters: No two of the same source.
    ///   - displaced: The displaced sources.
    ///   - retiredRequests: Requests of retired sources.
    ///   - now: Seconds since 1970. Later times in the state are replaced by it.
    init(
        limits: SourceLimits, threshold: Int? = nil, key: SipHash128.Key, restoring counters: [SourceCounter],
        displaced: [Origin: DisplacedState], retiredRequests: UInt64, at now: Double
    ) {
        self.limits = limits
        let table = { (origin: Origin, retiredRequests: UInt64) in
            CounterTable(
                limit: limits[origin], threshold: threshold ?? limits.threshold, remembering: limits.threshold + 1,
                key: key, restoring: counters, where: { $0.source.origin == origin },
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

    /// Whether a subject has a counter.
    func contains(_ subject: SourceSubject) -> Bool {
        subject.source.origin == .verified ? verified.contains(subject) : claimed.contains(subject)
    }

    /// The largest number of requests within the hour of a source whose counter may be displaced.
    var protection: Int { verified.protection }

    /// The requests of a subject within the hour that its counter remembers.
    func recentRequests(of subject: SourceSubject, at now: Double) -> Int {
        subject.source.origin == .verified
            ? verified.recentRequests(of: subject, at: now) : claimed.recentRequests(of: subject, at: now)
    }

    /// Calls `body` for each counter that remembers requests within the hour, with their number.
    func forEachRecent(at now: Double, _ body: (SourceSubject, Int) -> Void) {
        for page in (verified.counters + claimed.counters).lazy.flatMap(\.pages) {
            // By index, since a copy of a whole counter takes most of the time.
            for place in page.indices {
                let requests = page[place].recent.count(at: now)
                if requests > 0 { body(page[place].subject, requests) }
            }
        }
    }

    /// Counts one request.
    ///
    /// - Parameters:
    ///   - subject: The source of the request and, where they are distinguished, its credentials.
    ///   - reference: The request in the audit log.
    ///   - now: Seconds since 1970.
    ///   - locate: Finds the location of an address when its counter is created.
    /// - Returns: What has changed.
    @discardableResult
    public mutating func count(
        _ subject: SourceSubject, _ reference: RequestReference, at now: Double, locate: (IPAddress) -> Location
    ) -> CountedRequest {
        let create = { (subject: SourceSubject) in
            var location = Location.unknown
            if case .address(let address) = subject.source.address { location = locate(address) }
            return SourceCounter(subject, location: location, firstSeen: now, lastSeen: now, requests: 0)
        }
        var counted = CountedRequest(source: subject.source)
        let note = { (counter: inout SourceCounter) in
            counter.note(reference, at: now)
            counted.source = counter.source
            counted.location = counter.location
        }
        switch subject.source.origin {
        case .verified:
            verified.count(subject, at: now, create: create, note: note)
            counted.effects = verified.takeEffects()
        case .claimed:
            claimed.count(subject, at: now, create: create, note: note)
            counted.effects = claimed.takeEffects()
        }
        return counted
    }

    /// Removes the counters that did not rise for longer than the retention. Their requests stay in the sum.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: The removed ones.
    @discardableResult
    public mutating func retireSilentSources(at now: Double) -> [SourceSubject] {
        verified.retireSilent(for: limits.retention, at: now)
        claimed.retireSilent(for: limits.retention, at: now)
        return verified.takeEffects().removed + claimed.takeEffects().removed
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
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    mutating func putBack(_ changes: AnalyticChanges) {
        let of = { (origin: Origin) in
            CounterChanges<SourceCounter>(
                counters: changes.counters.filter { $0.source.origin == origin },
                removed: changes.removedSources.filter { $0.source.origin == origin },
                displaced: changes.displacedSources[origin])
        }
        verified.putBack(of(.verified))
        claimed.putBack(of(.claimed))
    }
}

/// What one request has changed in a ledger.
public struct CountedRequest: Sendable {
    /// The source whose counter has the request: its own, or the one that stands for all without a counter.
    public internal(set) var source: Source
    /// The location of that source.
    public internal(set) var location = Location.unknown
    /// What changed for others.
    var effects = CountingEffects<SourceSubject>()
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
