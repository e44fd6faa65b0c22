/// What a rate limit has left. A value: it is asked with the time, and looks at no clock.
struct RequestBudget: Sendable {
    let limit: RateLimit
    /// When all of it will be there again; each request moves it by an interval.
    private var isFullAt: ContinuousClock.Instant

    /// A budget of which nothing is spent yet.
    init(_ limit: RateLimit, at now: ContinuousClock.Instant) {
        self.limit = limit
        isFullAt = now
    }

    /// Spends one request.
    ///
    /// - Returns: How long there is to wait for it; `nil` where it is granted.
    mutating func spend(at now: ContinuousClock.Instant) -> Duration? {
        let next = max(isFullAt, now) + limit.interval
        let excess = now.duration(to: next) - limit.interval * limit.burst
        guard excess <= .zero else { return excess }
        isFullAt = next
        return nil
    }
}
