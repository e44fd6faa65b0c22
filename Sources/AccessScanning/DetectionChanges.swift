/// What a detection changed since it was last asked: all that must be written for it to go on from there.
public struct DetectionChanges: Sendable, Hashable {
    /// The counters that are new or rose, as they are now.
    public var counters: [SourceCounter] = []
    /// The sources whose counters were removed. One that came back meanwhile has a new one.
    public var removedSources: Set<Source> = []
    /// The sources that gave way to others.
    public var displacedSources: [Origin: DisplacedChanges] = [:]
    /// The counters of networks that are new or rose, as they are now.
    public var networks: [NetworkCounter] = []
    /// The networks whose counters were removed.
    public var removedNetworks: Set<SourceNetwork> = []
    /// The networks that gave way to others.
    public var displacedNetworks = DisplacedChanges()
    /// Requests that matched an entry of the filter, by its name: those that rose, as they are now.
    public var filteredRequests: [String: UInt64] = [:]
    /// Events that were observed, in their order.
    public var observed: [ObservedEvent] = []
    /// The totals, as they are now.
    public var totals = DetectionTotals()

    /// No changes.
    public init() {}
}

/// What a detection counts beside its sources.
public struct DetectionTotals: Sendable, Hashable {
    /// Requests of sources that were retired.
    public var retiredRequests: UInt64 = 0
    /// Requests of networks that were retired.
    public var retiredNetworkRequests: UInt64 = 0
    /// Events of requests that were counted before: another stage, or another reading.
    public var duplicateEvents: UInt64 = 0
    /// Events that were ever observed, each once.
    public var observedCount = 0
    /// The number of the oldest event that is still recognised.
    public var firstRecognised = 0

    /// Nothing counted.
    public init() {}
}
