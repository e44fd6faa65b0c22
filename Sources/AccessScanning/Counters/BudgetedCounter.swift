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

/// When the last requests were made, as many as it takes to know whether they are a scan.
public struct RecentRequests: Sendable, Hashable {
    /// How many are remembered: one more than are no scan.
    public static let limit = ScanningThreshold.requests + 1

    // Whole seconds since 1970, the newest first; nought where there is none. The lanes past the limit stay nought.
    private var seconds = SIMD8<UInt32>()

    /// No requests.
    public init() {}

    /// Requests at these times; those past the limit are left out.
    ///
    /// - Parameter times: In whole seconds since 1970, the newest first.
    public init(times: some Sequence<UInt32>) {
        for (lane, time) in times.prefix(Self.limit).enumerated() { seconds[lane] = time }
    }

    /// In whole seconds since 1970, the newest first.
    public var times: [UInt32] {
        (0..<Self.limit).map { seconds[$0] }.filter { $0 != 0 }
    }

    /// Takes note of a request.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func add(at now: Double) {
        for lane in (1..<Self.limit).reversed() { seconds[lane] = seconds[lane - 1] }
        seconds[0] = Self.wholeSecond(now)
    }

    /// Makes times after `now` to be `now`.
    mutating func limit(to now: Double) {
        seconds = pointwiseMin(seconds, SIMD8(repeating: Self.wholeSecond(now)))
    }

    /// The second of a time. A time before 1970 or after 2106 comes from a wrong clock; zero would mean no request.
    static func wholeSecond(_ now: Double) -> UInt32 {
        UInt32(max(1, min(now, Double(UInt32.max))))
    }

    /// How many were made within the window before `now`, as far as they are remembered.
    func count(at now: Double) -> Int {
        var count = 0
        while count < Self.limit, seconds[count] != 0, now - Double(seconds[count]) < ScanningThreshold.window {
            count += 1
        }
        return count
    }

    /// Those within the window before `now`.
    func within(_ now: Double) -> RecentRequests {
        first(count(at: now))
    }

    /// The newest ones.
    func first(_ count: Int) -> RecentRequests {
        RecentRequests(times: times.prefix(count))
    }

    /// Whether they are a scan.
    func areScan(at now: Double) -> Bool {
        count(at: now) > ScanningThreshold.requests
    }
}

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

/// What was changed of a table of counters.
struct CounterChanges<Counter: BudgetedCounter>: Sendable {
    /// The counters that are new or rose, as they are now.
    var counters: [Counter]
    /// Whose counters were removed; among them may be some that have a new one.
    var removed: Set<Counter.Subject>
    /// Changes of those that gave way; `nil` where there are none.
    var displaced: DisplacedChanges?
}
