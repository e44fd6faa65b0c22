import AuditEvents

/// Who has a counter: a source, a network.
protocol CountedSubject: Hashable, Sendable {
    /// Whether it takes a place of the budget; what stands for many does not.
    var isBudgeted: Bool { get }

    /// Adds to a hash what tells it from others.
    func combine(into hash: inout SipHash128)
}

/// A counter that has a place of a budget.
protocol BudgetedCounter: Sendable, Equatable {
    associatedtype Subject: CountedSubject

    /// Whose it is.
    var subject: Subject { get }
    /// The requests counted.
    var requests: UInt64 { get set }
    /// When the counter was created, in seconds since 1970.
    var firstSeen: Double { get set }
    /// When it last rose, in seconds since 1970.
    var lastSeen: Double { get set }
    /// When its last requests were made.
    var recent: RecentRequests { get set }

    /// Makes times after `now` to be `now`.
    mutating func limitTimes(to now: Double)
}

extension BudgetedCounter {
    /// Counts one request.
    mutating func rise(at now: Double) {
        requests &+= 1
        lastSeen = now
        recent.add(at: now)
    }

    mutating func limitTimes(to now: Double) {
        firstSeen = firstSeen.limited(to: now)
        lastSeen = lastSeen.limited(to: now)
        recent.limit(to: now)
    }
}

extension Double {
    /// A time, or `now` if it is after that or no number.
    func limited(to now: Double) -> Double { self <= now ? self : now }
}
