/// How full a budget of counters is.
public struct BudgetUse: Sendable, Hashable {
    /// How many have a counter of their own.
    public var tracked = 0
    /// How many gave way within the last hour or before, and are remembered.
    public var displaced = 0
    /// Requests that a scan may hide among: of the hour before, and forgotten since more gave way than can be remembered;
    /// or without a place, since all that had one were scanning.
    public var untrackedRequests: UInt64 = 0

    /// Nothing.
    public init() {}
}

extension CounterTable {
    /// How full it is.
    var use: BudgetUse {
        var use = BudgetUse()
        use.tracked = trackedCount
        use.displaced = displaced.count
        use.untrackedRequests = displaced.untrackedRequests
        return use
    }
}
