/// What can be shown of the ledger of sources, at one moment.
public struct SourceCounts: Sendable, Hashable {
    /// How full a budget is.
    public struct Summary: Sendable, Hashable {
        /// How many have a counter of their own.
        public var tracked = 0
        /// How many gave way within the last hour or before, and are remembered.
        public var displaced = 0
        /// Requests that a scan may hide among: of the hour before, and forgotten since more gave way than can be
        /// remembered; or without a place, since all that had one were scanning.
        public var untrackedRequests: UInt64 = 0

        /// Nothing.
        public init() {}
    }

    /// The counters of all sources.
    public var counters: [SourceCounter]
    /// The bounds.
    public var limits: SourceLimits
    /// Requests of sources that were retired.
    public var retiredRequests: UInt64
    /// How full the budgets are.
    public var origins: [Origin: Summary]

    /// An empty ledger's, unless it is given.
    public init(
        counters: [SourceCounter] = [], limits: SourceLimits = SourceLimits(), retiredRequests: UInt64 = 0,
        origins: [Origin: Summary] = [:]
    ) {
        self.counters = counters
        self.limits = limits
        self.retiredRequests = retiredRequests
        self.origins = origins
    }

    /// How full the budget of an origin is.
    public subscript(origin: Origin) -> Summary { origins[origin] ?? Summary() }
}

extension CounterTable {
    /// How full it is.
    var summary: SourceCounts.Summary {
        var summary = SourceCounts.Summary()
        summary.tracked = trackedCount
        summary.displaced = displaced.count
        summary.untrackedRequests = untrackedRequests
        return summary
    }
}
