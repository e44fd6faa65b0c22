public import AccessScanning
public import AuditEvents
public import AuditSources

/// What was kept; in a new directory nothing but a key.
public struct StoredState: Sendable, Hashable {
    /// What requests and events are hashed with: made with the state, and kept for good.
    public var key: SipHash128.Key
    /// The counters, in the order in which they were created.
    public var counters: [SourceCounter] = []
    /// The sources that gave way to others.
    public var displacedSources: [Origin: DisplacedState] = [:]
    /// The counters by network, in the order in which they were created.
    public var networks: [NetworkCounter] = []
    /// The networks that gave way to others.
    public var displacedNetworks = DisplacedState()
    /// Requests that matched an entry of the filter, by its name.
    public var filteredRequests: [String: UInt64] = [:]
    /// The last events that were observed, in their order; none before `totals.firstRecognised`.
    public var observed: [ObservedEvent] = []
    /// What was counted beside the sources.
    public var totals = DetectionTotals()
    /// How far files were read, the one that changed longest ago first.
    public var positions: [FilePosition] = []
    /// What was read.
    public var reading = ReadingTotals()
    /// When it was written, in seconds since 1970; `nil` where nothing was yet.
    public var lastCheckpoint: Double?

    /// Nothing but a key.
    public init(key: SipHash128.Key) {
        self.key = key
    }
}
