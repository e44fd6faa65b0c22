/// What is known of one source.
public struct SourceCounter: Sendable, Hashable {
    /// Whose counter it is.
    public let source: Source
    /// Where the source is; looked up when the counter is created, since another database later must not move a
    /// count to another series.
    public let location: Location
    /// When the counter was created, in seconds since 1970 by the exporter's clock.
    public internal(set) var firstSeen: Double
    /// When it last rose, in seconds since 1970 by the exporter's clock.
    public internal(set) var lastSeen: Double
    /// The requests counted.
    public internal(set) var requests: UInt64
    /// When the last ones of them were counted.
    public internal(set) var recent: RecentRequests
    /// The request counted last.
    public internal(set) var lastRequest: RequestReference

    /// A counter as it was kept.
    public init(
        source: Source, location: Location, firstSeen: Double, lastSeen: Double, requests: UInt64,
        recent: RecentRequests = RecentRequests(), lastRequest: RequestReference
    ) {
        self.source = source
        self.location = location
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.requests = requests
        self.recent = recent
        self.lastRequest = lastRequest
    }
}

extension SourceCounter: BudgetedCounter {
    var subject: Source { source }

    mutating func limitTimes(to now: Double) {
        firstSeen = firstSeen.limited(to: now)
        lastSeen = lastSeen.limited(to: now)
        recent.limit(to: now)
        lastRequest.received = lastRequest.received?.limited(to: now)
    }
}
