public import AuditEvents

/// The detection: decides which requests count, and counts each of them once for its sources.
///
/// ```swift
/// var detector = AccessScanningDetector([.forbidden], limits: SourceLimits(verified: 1000))
/// for selected in scanned.events { detector.observe(selected.event, of: selected.selector, at: now) }
/// detector.ledgers[0].counts.sources.counters
/// let changes = detector.takeChanges()
/// ```
public struct AccessScanningDetector: Sendable {
    /// The counters of each analytic.
    public private(set) var ledgers: [AnalyticLedger]
    /// Events of requests that were counted before: another stage, or another reading.
    public private(set) var duplicateEvents: UInt64
    /// Requests that were not counted, since they are older than their log's cut-off.
    public private(set) var oldRequests: UInt64
    /// Requests that matched an entry of the filter, by its name; removed entries keep their count.
    public private(set) var filteredRequests: [String: UInt64]
    /// The requests that are not counted for their sources, from the next request on.
    public var filter: RequestFilter {
        didSet { nameEntries() }
    }

    private var verifiedProfiles: ProfileTable
    private var claimedProfiles: ProfileTable
    private let attribution: SourceAttribution
    private var deduplicator: RequestDeduplicator
    // The latest time that was given: no time that is kept lies after it.
    private var latest: Double
    // Changes since changes were last taken.
    private var changedFilters: Set<String> = []
    private var observed: [ObservedEvent] = []

    /// A detection that continues from a state; times in it that are after `now` become `now`.
    ///
    /// - Parameters:
    ///   - analytics: The outcomes that are counted, with different names.
    ///   - limits: The bounds of each analytic's ledgers.
    ///   - attribution: Which addresses a request is attributed to.
    ///   - filter: The requests that are not counted for their sources.
    ///   - horizon: How many events are recognised again at least.
    ///   - state: The state. Counters of analytics that are not in the list are left out.
    ///   - now: Seconds since 1970.
    public init(
        _ analytics: [Analytic], limits: SourceLimits = SourceLimits(),
        attribution: SourceAttribution = SourceAttribution(), filter: RequestFilter = RequestFilter(),
        horizon: Int = RequestDeduplicator.defaultHorizon, restoring state: DetectionState, at now: Double
    ) {
        ledgers = analytics.map { analytic in
            AnalyticLedger(
                analytic, limits: limits, restoring: state.analytics[analytic.name] ?? AnalyticState(), key: state.key,
                at: now)
        }
        // Ledger by ledger, since a copy of a ledger takes more time than a lookup.
        var isCounted = [Bool](repeating: false, count: state.profiles.count)
        for ledger in ledgers { ledger.noteCounted(in: state.profiles, &isCounted) }
        let scanning = Self.scanning(in: ledgers, at: now)
        let profiles = { (origin: Origin) in
            ProfileTable(
                budget: limits[origin], key: state.key, restoring: state.profiles, of: origin, at: now,
                where: isCounted, scanning: scanning)
        }
        verifiedProfiles = profiles(.verified)
        claimedProfiles = profiles(.claimed)
        self.attribution = attribution
        deduplicator = RequestDeduplicator(
            key: state.key, horizon: horizon, observedCount: state.totals.observedCount, restoring: state.observed)
        latest = now
        duplicateEvents = state.totals.duplicateEvents
        oldRequests = state.totals.oldRequests
        filteredRequests = state.filteredRequests
        self.filter = filter
        nameEntries()
    }

    /// A detection that has counted nothing.
    public init(
        _ analytics: [Analytic], limits: SourceLimits = SourceLimits(),
        attribution: SourceAttribution = SourceAttribution(), filter: RequestFilter = RequestFilter(),
        horizon: Int = RequestDeduplicator.defaultHorizon
    ) {
        self.init(
            analytics, limits: limits, attribution: attribution, filter: filter, horizon: horizon,
            restoring: DetectionState(), at: -.infinity)
    }

    /// The profiles of all sources, which the counters of each analytic share.
    public var profiles: SourceProfiles { SourceProfiles(verified: verifiedProfiles, claimed: claimedProfiles) }

    /// Shows new entries at zero from the first scrape on.
    private mutating func nameEntries() {
        for entry in filter.entries where filteredRequests[entry.name] == nil { filteredRequests[entry.name] = 0 }
    }

    /// Counts the request of an event, unless it was counted before, or is too old.
    ///
    /// An event that is too old is remembered like any other: a later stage of its request and another reading of it
    /// are duplicates, so the request is not counted under another name of its log either.
    ///
    /// - Parameters:
    ///   - event: An event that the analytic's selector selects.
    ///   - analytic: The index of the analytic.
    ///   - cutoff: The `stageTimestamp`, in seconds since 1970, from which on requests count; `nil` if all count. An
    ///     event without a time counts.
    ///   - now: Seconds since 1970.
    ///   - locate: Finds the location of an address when its counter is created.
    public mutating func observe(
        _ event: AuditEvent, of analytic: Int, countingFrom cutoff: Double? = nil, at now: Double,
        locate: (IPAddress) -> Location = { _ in .unknown }
    ) {
        latest = max(latest, now)
        let (outcome, noted) = deduplicator.observe(event)
        if let noted { observed.append(noted) }
        forgetUnrecognised()
        guard outcome == .newRequest else {
            duplicateEvents &+= 1
            return
        }
        if let cutoff, let time = Self.time(of: event), time < cutoff {
            oldRequests &+= 1
            return
        }
        let sources = attribution.sources(of: event.sourceIPs)
        if let verified = sources.first, let entry = filter.entry(matching: event, from: verified) {
            filteredRequests[entry.name, default: 0] &+= 1
            changedFilters.insert(entry.name)
            return
        }
        // The API server's clock may be ahead of ours.
        let received = EventTimestamp(event.requestReceivedTimestamp).map { min($0.secondsSince1970, now) }
        let reference = RequestReference(auditID: event.auditID, received: received)
        let path = RecentPaths.hash(ofPathIn: event, key: deduplicator.key)
        for source in sources {
            let known = self[profilesOf: source.origin].location(of: source)
            let counted = ledgers[analytic].count(source, event, reference, at: now) { known ?? locate($0) }
            self[profilesOf: source.origin].note(
                counted.source, at: counted.location, event, ledgers[analytic].analytic.outcome, reference, path: path,
                isScanning: ledgers[analytic].isScanning(counted.source, at: now), at: now)
            removeProfiles(of: counted.effects.removed)
        }
    }

    private subscript(profilesOf origin: Origin) -> ProfileTable {
        get { origin == .verified ? verifiedProfiles : claimedProfiles }
        _modify {
            switch origin {
            case .verified: yield &verifiedProfiles
            case .claimed: yield &claimedProfiles
            }
        }
    }

    /// Removes the profiles of the sources that have no counter any more.
    private mutating func removeProfiles(of removed: [SourceSubject]) {
        for subject in removed where !ledgers.indices.contains(where: { ledgers[$0].contains(subject.source) }) {
            self[profilesOf: subject.source.origin].remove(subject.source)
        }
    }

    /// The sources that scan, by the requests of any outcome.
    private static func scanning(in ledgers: [AnalyticLedger], at now: Double) -> Set<Source> {
        var scanning: Set<Source> = []
        for ledger in ledgers { ledger.addScanning(to: &scanning, at: now) }
        return scanning
    }

    /// When an event was written, in seconds since 1970; without `stageTimestamp` the time of its request.
    private static func time(of event: AuditEvent) -> Double? {
        (EventTimestamp(event.stageTimestamp) ?? EventTimestamp(event.requestReceivedTimestamp))?.secondsSince1970
    }

    /// Removes the sources and networks that were silent for longer than the retention.
    ///
    /// If the clock was turned back, the times that are in its future now become `now` first: a source whose last
    /// request is in the future would never be silent.
    ///
    /// - Parameter now: Seconds since 1970.
    public mutating func retireSilentSources(at now: Double) {
        for index in ledgers.indices {
            if now < latest { ledgers[index].limitTimes(to: now) }
            removeProfiles(of: ledgers[index].retireSilent(at: now))
        }
        if now < latest {
            verifiedProfiles.limitTimes(to: now)
            claimedProfiles.limitTimes(to: now)
        }
        let scanning = Self.scanning(in: ledgers, at: now)
        verifiedProfiles.arrange(scanning)
        claimedProfiles.arrange(scanning)
        latest = now
    }

    // MARK: Changes

    /// Takes the changes since the last call. Earlier changes count as written unless they were put back.
    public mutating func takeChanges() -> DetectionChanges {
        var changes = DetectionChanges()
        changes.analytics = ledgers.indices.map { ledgers[$0].takeChanges() }
        verifiedProfiles.takeChanges(into: &changes.profiles)
        claimedProfiles.takeChanges(into: &changes.profiles)
        changes.filteredRequests = filteredRequests.filter { changedFilters.contains($0.key) }
        changes.observed = observed
        changes.totals.duplicateEvents = duplicateEvents
        changes.totals.oldRequests = oldRequests
        changes.totals.observedCount = deduplicator.observedCount
        changes.totals.firstRecognised = deduplicator.firstRecognised
        changedFilters = []
        observed = []
        return changes
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    public mutating func putBack(_ changes: DetectionChanges) {
        for (index, analytic) in zip(ledgers.indices, changes.analytics) { ledgers[index].putBack(analytic) }
        verifiedProfiles.putBack(changes.profiles, of: .verified)
        claimedProfiles.putBack(changes.profiles, of: .claimed)
        changedFilters.formUnion(changes.filteredRequests.keys)
        observed = changes.observed + observed
        forgetUnrecognised()
    }

    /// Drops events that are not recognised any more, so that unwritten changes stay bounded.
    private mutating func forgetUnrecognised() {
        let first = deduplicator.observedCount - observed.count
        let unrecognised = deduplicator.firstRecognised - first
        if unrecognised > 0 { observed.removeFirst(unrecognised) }
    }
}
