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
