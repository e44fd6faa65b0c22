/// What can be shown of the ledger of sources, at one moment.
public struct SourceCounts: Sendable, Hashable {
    /// The counters of all sources.
    public var counters: [SourceCounter]
    /// The bounds.
    public var limits: SourceLimits
    /// Requests of sources that were retired.
    public var retiredRequests: UInt64
    /// How full the budgets are.
    public var origins: [Origin: BudgetUse]

    /// An empty ledger's, unless it is given.
    public init(
        counters: [SourceCounter] = [], limits: SourceLimits = SourceLimits(), retiredRequests: UInt64 = 0,
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
