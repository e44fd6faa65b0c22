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
    /// The quiet sources of each network: verified ones with requests in the last hour, too few for an alert of their
    /// own.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: The number of these sources, and of their requests in that hour.
    public func quietSources(at now: Double) -> [SourceNetwork: (sources: Int, requests: Int)] {
        var quiet: [SourceNetwork: (sources: Int, requests: Int)] = [:]
        for page in counters.parts.lazy.flatMap(\.pages) {
            // By index, since a copy of a whole counter takes most of the time.
            for place in page.indices where page[place].source.origin == .verified {
                let requests = page[place].recent.count(at: now)
                guard 1...ScanningThreshold.requests ~= requests,
                    let network = SourceNetwork(page[place].source.address)
                else { continue }
                add(requests, to: &quiet[network, default: (0, 0)])
            }
        }
        return quiet
    }

    private func add(_ requests: Int, to quiet: inout (sources: Int, requests: Int)) {
        quiet.sources += 1
        quiet.requests += requests
    }
}
