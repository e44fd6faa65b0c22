public import AuditEvents

/// All that a detection needs to continue after a restart.
public struct DetectionState: Sendable, Hashable {
    /// The key of all hashes of requests, events and displaced subjects; it never changes.
    public var key: SipHash128.Key
    /// The counters of each analytic, by its name. A detection leaves out those it is not given.
    public var analytics: [String: AnalyticState] = [:]
    /// The profiles of sources, no two of the same source.
    public var profiles: [SourceProfile] = []
    /// Requests that matched an entry of the filter, by its name.
    public var filteredRequests: [String: UInt64] = [:]
    /// The last events that were observed, oldest first; none before `totals.firstRecognised`.
    public var observed: [ObservedEvent] = []
    /// The totals over all analytics.
    public var totals = DetectionTotals()

    /// A state in which nothing has been counted.
    public init(key: SipHash128.Key = .random()) {
        self.key = key
    }
}

/// The counters of one analytic.
public struct AnalyticState: Sendable, Hashable {
    /// The counters by source, in the order in which they were created; no two of the same subject.
    public var counters: [SourceCounter] = []
    /// The displaced sources.
    public var displacedSources: [Origin: DisplacedState] = [:]
    /// Requests of retired sources.
    public var retiredRequests: UInt64 = 0
    /// The counters by network, in the order in which they were created; no two of the same network.
    public var networks: [NetworkCounter] = []
    /// The displaced networks.
    public var displacedNetworks = DisplacedState()
    /// Requests of retired networks.
    public var retiredNetworkRequests: UInt64 = 0

    /// Nothing counted.
    public init() {}
}

/// What a budget of counters remembers of subjects without a counter.
public struct DisplacedState: Sendable, Hashable {
    /// All pages, one after the other.
    public var entries: [DisplacedCounter]
    /// The place of the next one.
    public var next: Int
    /// Requests among which a scan may hide; see `BudgetUse`.
    public var untrackedRequests: UInt64
    /// The counters that were created within the last hour.
    public var births: RecentBirths

    /// Displaced counters; none unless they are given.
    public init(
        entries: [DisplacedCounter] = [], next: Int = 0, untrackedRequests: UInt64 = 0,
        births: RecentBirths = RecentBirths()
    ) {
        self.entries = entries
        self.next = next
        self.untrackedRequests = untrackedRequests
        self.births = births
    }
}

// MARK: Changes

/// The changes of a detection since they were last taken. Applied to the previous state, they give the current one.
public struct DetectionChanges: Sendable, Hashable {
    /// The changes of each analytic.
    public var analytics: [AnalyticChanges] = []
    /// The changes of profiles.
    public var profiles = ProfileChanges()
    /// Requests that matched an entry of the filter, by its name: the new values of the entries that changed.
    public var filteredRequests: [String: UInt64] = [:]
    /// Events that were observed, oldest first.
    public var observed: [ObservedEvent] = []
    /// The totals, as they are now.
    public var totals = DetectionTotals()

    /// No changes.
    public init() {}
}

/// The changes in the counters of one analytic.
public struct AnalyticChanges: Sendable, Hashable {
    /// The name of the analytic.
    public var name: String
    /// The new values of the counters that were created or changed.
    public var counters: [SourceCounter] = []
    /// The subjects whose counters were removed. One that came back has a new counter.
    public var removedSources: Set<SourceSubject> = []
    /// Changes of the displaced sources, for each origin that has any.
    public var displacedSources: [Origin: DisplacedChanges] = [:]
    /// Requests of retired sources, as they are now.
    public var retiredRequests: UInt64 = 0
    /// The new values of the counters by network that were created or changed.
    public var networks: [NetworkCounter] = []
    /// The networks whose counters were removed.
    public var removedNetworks: Set<SourceNetwork> = []
    /// Changes of the displaced networks; `nil` if there are none.
    public var displacedNetworks: DisplacedChanges?
    /// Requests of retired networks, as they are now.
    public var retiredNetworkRequests: UInt64 = 0

    /// No changes.
    public init(name: String) {
        self.name = name
    }
}

/// The changes of the displaced counters: whole pages, by number.
public struct DisplacedChanges: Sendable, Hashable {
    /// The new content of the pages that changed.
    public var pages: [Int: [DisplacedCounter]]
    /// The number of pages; those from here on are removed.
    public var pageCount: Int
    /// The place of the next one.
    public var next: Int
    /// Requests among which a scan may hide, as they are now.
    public var untrackedRequests: UInt64
    /// The counters that were created within the last hour, as they are now.
    public var births: RecentBirths

    /// Changes; none unless they are given.
    public init(
        pages: [Int: [DisplacedCounter]] = [:], pageCount: Int = 0, next: Int = 0, untrackedRequests: UInt64 = 0,
        births: RecentBirths = RecentBirths()
    ) {
        self.pages = pages
        self.pageCount = pageCount
        self.next = next
        self.untrackedRequests = untrackedRequests
        self.births = births
    }
}

/// Totals over all analytics.
public struct DetectionTotals: Sendable, Hashable {
    /// Events of requests that were counted before: another stage, or another reading.
    public var duplicateEvents: UInt64 = 0
    /// Requests that were not counted, since they are older than their log's cut-off.
    public var oldRequests: UInt64 = 0
    /// How many different events were observed.
    public var observedCount = 0
    /// The number of the oldest event that is still recognised.
    public var firstRecognised = 0

    /// Nothing counted.
    public init() {}
}
