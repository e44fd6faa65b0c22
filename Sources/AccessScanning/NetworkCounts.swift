/// What can be shown of the ledger of networks, at one moment.
public struct NetworkCounts: Sendable, Hashable {
    /// The counters of all networks; see `SourceCounts.counters`.
    public var counters: JoinedPages<NetworkCounter>
    /// How many may have a counter of their own.
    public var limit: Int
    /// Requests of networks that were retired.
    public var retiredRequests: UInt64
    /// How full the budget is.
    public var use: BudgetUse

    /// An empty ledger's, unless it is given.
    public init(
        counters: JoinedPages<NetworkCounter> = [], limit: Int = SourceLimits().networks, retiredRequests: UInt64 = 0,
        use: BudgetUse = BudgetUse()
    ) {
        self.counters = counters
        self.limit = limit
        self.retiredRequests = retiredRequests
        self.use = use
    }
}

extension SourceCounts {
    /// The verified sources of each network that made requests in the last hour, and not so many that they have an alert
    /// of their own.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: How many they are, and how many requests they made in that hour together.
    public func quietSources(at now: Double) -> [SourceNetwork: (sources: Int, requests: Int)] {
        var quiet: [SourceNetwork: (sources: Int, requests: Int)] = [:]
        for counter in counters where counter.source.origin == .verified {
            let requests = counter.recent.count(at: now)
            guard 1...ScanningThreshold.requests ~= requests, let network = SourceNetwork(counter.source.address) else {
                continue
            }
            quiet[network, default: (0, 0)].sources += 1
            quiet[network, default: (0, 0)].requests += requests
        }
        return quiet
    }
}
