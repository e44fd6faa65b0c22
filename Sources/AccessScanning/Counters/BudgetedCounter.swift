import AuditEvents

/// The subject of a counter: a source or a network.
protocol CountedSubject: Hashable, Sendable {
    /// Whether it takes a place of the budget; a subject that stands for many does not.
    var isBudgeted: Bool { get }

    /// Adds the subject to a hash.
    func combine(into hash: inout SipHash128)
}

/// A counter with a place in a budget.
protocol BudgetedCounter: Sendable, Equatable {
    associatedtype Subject: CountedSubject

    /// The subject of the counter.
    var subject: Subject { get }
    /// The requests counted.
    var requests: UInt64 { get set }
    /// When the counter was created, in seconds since 1970.
    var firstSeen: Double { get set }
    /// When it last increased, in seconds since 1970.
    var lastSeen: Double { get set }
    /// When the last requests were counted.
    var recent: RecentRequests { get set }

    /// Replaces times after `now` by `now`.
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
    /// The time, or `now` if the time is later or not a number.
    func limited(to now: Double) -> Double { self <= now ? self : now }
}

/// The times of the last requests, as many as are needed to recognise a scan.
public struct RecentRequests: Sendable, Hashable {
    /// The number of requests that are remembered: one more than the threshold of a scan.
    public static let limit = ScanningThreshold.requests + 1

    // Whole seconds since 1970, newest first; zero for no request. The lanes past the limit stay zero.
    private var seconds = SIMD8<UInt32>()

    /// No requests.
    public init() {}

    /// Requests at these times; times past the limit are left out.
    ///
    /// - Parameter times: In whole seconds since 1970, newest first.
    public init(times: some Sequence<UInt32>) {
        for (lane, time) in times.prefix(Self.limit).enumerated() { seconds[lane] = time }
    }

    /// The times in whole seconds since 1970, newest first.
    public var times: [UInt32] {
        (0..<Self.limit).map { seconds[$0] }.filter { $0 != 0 }
    }

    /// Adds a request.
    ///
    /// - Parameter now: Seconds since 1970.
    mutating func add(at now: Double) {
        for lane in (1..<Self.limit).reversed() { seconds[lane] = seconds[lane - 1] }
        seconds[0] = Self.wholeSecond(now)
    }

    /// Replaces times after `now` by `now`.
    mutating func limit(to now: Double) {
        seconds = pointwiseMin(seconds, SIMD8(repeating: Self.wholeSecond(now)))
    }

    /// The second of a time. A time before 1970 or after 2106 comes from a wrong clock; zero would mean no request.
    static func wholeSecond(_ now: Double) -> UInt32 {
        UInt32(max(1, min(now, Double(UInt32.max))))
    }

    /// The number of remembered requests within the window before `now`.
    func count(at now: Double) -> Int {
        var count = 0
        while count < Self.limit, seconds[count] != 0, now - Double(seconds[count]) < ScanningThreshold.window {
            count += 1
        }
        return count
    }

    /// The requests within the window before `now`.
    func within(_ now: Double) -> RecentRequests {
        first(count(at: now))
    }

    /// The newest requests.
    func first(_ count: Int) -> RecentRequests {
        RecentRequests(times: times.prefix(count))
    }

    /// Whether the requests within the window are a scan.
    func areScan(at now: Double) -> Bool {
        count(at: now) > ScanningThreshold.requests
    }
}

/// The use of a budget of counters.
public struct BudgetUse: Sendable, Hashable {
    /// The number of subjects with a counter of their own.
    public var tracked = 0
    /// The number of displaced subjects that are remembered.
    public var displaced = 0
    /// Requests among which a scan may hide: they were forgotten within the hour, since more subjects were displaced than can
    /// be remembered, or got no counter, since all subjects with a counter were scanning.
    public var untrackedRequests: UInt64 = 0

    /// An unused budget.
    public init() {}
}

extension CounterTable {
    /// The use of the budget.
    var use: BudgetUse {
        var use = BudgetUse()
        use.tracked = trackedCount
        use.displaced = displaced.count
        use.untrackedRequests = displaced.untrackedRequests
        return use
    }
}

/// The changes in a table of counters.
struct CounterChanges<Counter: BudgetedCounter>: Sendable {
    /// The new values of the counters that were created or changed.
    var counters: [Counter]
    /// The subjects whose counters were removed. One that came back has a new counter.
    var removed: Set<Counter.Subject>
    /// Changes of the displaced counters; `nil` if there are none.
    var displaced: DisplacedChanges?
}
