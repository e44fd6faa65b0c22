public import AuditEvents

/// The detection: which requests count, once each, and for whom.
///
/// ```swift
/// var detector = AccessScanningDetector(attribution: SourceAttribution(trustedProxies: proxies))
/// for event in scanned.events { detector.observe(event, at: now) }
/// let changes = detector.takeChanges()
/// ```
public struct AccessScanningDetector: Sendable {
    /// The counters.
    public private(set) var ledger: SourceLedger
    /// The counters by network.
    public private(set) var networks: NetworkLedger
    /// Events of requests that were counted before: another stage, or another reading.
    public private(set) var duplicateEvents: UInt64
    /// Requests that matched an entry of the filter, by its name; entries that are gone keep what they counted.
    public private(set) var filteredRequests: [String: UInt64]
    /// What is not to be counted for its sources, from the next request on.
    public var filter: RequestFilter {
        didSet { nameEntries() }
    }

    private let attribution: SourceAttribution
    private var deduplicator: RequestDeduplicator
    // What was changed since changes were last taken.
    private var changedFilters: Set<String> = []
    private var observed: [ObservedEvent] = []

    /// A detection that goes on from what was kept; one that has seen nothing yet, unless that is given.
    public init(
        ledger: SourceLedger = SourceLedger(), networks: NetworkLedger = NetworkLedger(),
        attribution: SourceAttribution = SourceAttribution(),
        deduplicator: RequestDeduplicator = RequestDeduplicator(), duplicateEvents: UInt64 = 0,
        filter: RequestFilter = RequestFilter(), filteredRequests: [String: UInt64] = [:]
    ) {
        self.ledger = ledger
        self.networks = networks
        self.attribution = attribution
        self.deduplicator = deduplicator
        self.duplicateEvents = duplicateEvents
        self.filter = filter
        self.filteredRequests = filteredRequests
        nameEntries()
    }

    /// So that they stand at nought from the first scrape on.
    private mutating func nameEntries() {
        for entry in filter.entries where filteredRequests[entry.name] == nil { filteredRequests[entry.name] = 0 }
    }

    /// Counts the request that `event` tells of, unless it was counted before.
    ///
    /// - Parameters:
    ///   - event: An event that `EventSelector.unauthenticatedForbidden` selects.
    ///   - now: Seconds since 1970.
    ///   - locate: Asked where an address is when its counter is created.
    public mutating func observe(
        _ event: AuditEvent, at now: Double, locate: (IPAddress) -> Location = { _ in .unknown }
    ) {
        let (outcome, noted) = deduplicator.observe(event)
        if let noted { observed.append(noted) }
        forgetUnrecognised()
        guard outcome == .newRequest else {
            duplicateEvents &+= 1
            return
        }
        let sources = attribution.sources(of: event.sourceIPs)
        if let verified = sources.first, let entry = filter.entry(matching: event, from: verified) {
            filteredRequests[entry.name, default: 0] &+= 1
            changedFilters.insert(entry.name)
            return
        }
        let reference = RequestReference(
            auditID: event.auditID, received: EventTimestamp(event.requestReceivedTimestamp)?.secondsSince1970)
        for source in sources {
            ledger.count(source, reference, at: now, locate: locate)
            networks.count(source, at: now)
        }
    }

    /// Removes the sources and networks that were silent for longer than the retention.
    public mutating func retireSilentSources(at now: Double) {
        ledger.retireSilentSources(at: now)
        networks.retireSilent(at: now)
    }

    // MARK: Changes

    /// What was changed since the last call.
    public mutating func takeChanges() -> DetectionChanges {
        var changes = DetectionChanges()
        ledger.takeChanges(into: &changes)
        networks.takeChanges(into: &changes)
        changes.filteredRequests = filteredRequests.filter { changedFilters.contains($0.key) }
        changes.observed = observed
        changes.totals.duplicateEvents = duplicateEvents
        changes.totals.observedCount = deduplicator.observedCount
        changes.totals.firstRecognised = deduplicator.firstRecognised
        changedFilters = []
        observed = []
        return changes
    }

    /// Gives changes back that could not be written: they will be among those that are taken next.
    public mutating func putBack(_ changes: DetectionChanges) {
        ledger.putBack(changes)
        networks.putBack(changes)
        changedFilters.formUnion(changes.filteredRequests.keys)
        observed = changes.observed + observed
        forgetUnrecognised()
    }

    /// Events that are not recognised any more need not be kept, so that what cannot be written stays bounded.
    private mutating func forgetUnrecognised() {
        let first = deduplicator.observedCount - observed.count
        let unrecognised = deduplicator.firstRecognised - first
        if unrecognised > 0 { observed.removeFirst(unrecognised) }
    }
}
