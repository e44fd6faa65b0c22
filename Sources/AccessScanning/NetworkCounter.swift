/// What is known of one network of verified sources.
public struct NetworkCounter: Sendable, Hashable {
    /// Whose counter it is.
    public let network: SourceNetwork
    /// When the counter was created, in seconds since 1970 by the exporter's clock.
    public internal(set) var firstSeen: Double
    /// When it last rose, in seconds since 1970 by the exporter's clock.
    public internal(set) var lastSeen: Double
    /// The requests counted.
    public internal(set) var requests: UInt64
    /// When the last ones of them were counted.
    public internal(set) var recent: RecentRequests

    /// A counter as it was kept.
    public init(
        network: SourceNetwork, firstSeen: Double, lastSeen: Double, requests: UInt64,
        recent: RecentRequests = RecentRequests()
    ) {
        self.network = network
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.requests = requests
        self.recent = recent
    }
}

extension NetworkCounter: BudgetedCounter {
    var subject: SourceNetwork { network }
}
