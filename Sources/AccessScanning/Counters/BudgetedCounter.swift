import AuditEvents

/// The subject of a counter: a source or a network.
protocol CountedSubject: Hashable, Sendable {
    /// Whether it takes a place of the budget; a subject that stands for many does not.
    var isBudgeted: Bool { get }
    /// The subject under which its requests are counted while it has no counter.
    var other: Self { get }

    /// Adds the subject to a hash.
    func combine(into hash: inout SipHash128)
}

/// A counter with a place in a budget.
protocol BudgetedCounter: PlacedValue where Subject: CountedSubject {
    /// The requests counted.
    var requests: UInt64 { get set }
    /// When the counter was created, in seconds since 1970.
    var firstSeen: Double { get set }
    /// When it last increased, in seconds since 1970.
    var lastSeen: Double { get set }
    /// When the last requests were counted.
    var recent: RecentRequests { get set }
}

extension BudgetedCounter {
    /// Counts one request.
    ///
    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - limit: The number of requests whose times are remembered.
    mutating func rise(at now: Double, remembering limit: Int) {
        requests &+= 1
        lastSeen = now
        recent.add(at: now, keeping: limit)
    }

    /// Whether it shows fewer requests than its subject made within the hour; `other` has the rest.
    func isOwed(at now: Double) -> Bool {
        requests < UInt64(recent.count(at: now))
    }

    @inline(__always)
    func hasTimes(after now: Double) -> Bool {
        firstSeen.isAfter(now) || lastSeen.isAfter(now) || recent.isAfter(now)
    }

    mutating func limitTimes(to now: Double) {
        firstSeen = firstSeen.limited(to: now)
        lastSeen = lastSeen.limited(to: now)
        recent.limit(to: now)
    }
}

extension Double {
    /// Whether the time is later than `now`, or not a number.
    @inline(__always)
    func isAfter(_ now: Double) -> Bool { !(self <= now) }

    /// The time, or `now` if the time is later or not a number.
    func limited(to now: Double) -> Double { isAfter(now) ? now : self }
}

/// The times of the last requests, as many as are needed to recognise a scan.
public struct RecentRequests: Sendable, Hashable {
    /// The maximum number of requests that are remembered.
    public static let limit = ScanningThreshold.range.upperBound + 1

    // Whole seconds since 1970, newest first; zero for no request. Most thresholds need no more than these.
    private var seconds = SIMD8<UInt32>()
    // Those before them.
    private var older: [UInt32] = []

    /// No requests.
    public init() {}

    /// Requests at these times; times past the limit are left out.
    ///
    /// - Parameter times: In whole seconds since 1970, newest first.
    public init(newestFirst times: [UInt32]) {
        for place in 0..<min(8, times.count) { seconds[place] = times[place] }
        if times.count > 8 { older = Array(times[8..<min(Self.limit, times.count)]) }
    }

    /// Requests as they were stored: the times as in `init(newestFirst:)`, 32 bits each, little-endian. What follows the
    /// last whole one is ignored.
    public init(stored bytes: RawSpan) {
        let count = min(bytes.byteCount / 4, Self.limit)
        for place in 0..<min(8, count) { seconds[place] = Self.time(in: bytes, at: place) }
        if count > 8 { older = (8..<count).map { Self.time(in: bytes, at: $0) } }
    }

    private static func time(in stored: RawSpan, at place: Int) -> UInt32 {
        UInt32(littleEndian: stored.unsafeLoadUnaligned(fromByteOffset: 4 * place, as: UInt32.self))
    }

    /// As `init(newestFirst:)`.
    public init(times: some Sequence<UInt32>) {
        self.init(newestFirst: Array(times.prefix(Self.limit)))
    }

    /// The times in whole seconds since 1970, newest first.
    public var times: [UInt32] {
        (0..<8).map { seconds[$0] }.filter { $0 != 0 } + older
    }

    /// Adds a request, and forgets those that are not needed.
    ///
    /// - Parameters:
    ///   - now: Seconds since 1970.
    ///   - limit: The number of requests to keep.
    mutating func add(at now: Double, keeping limit: Int) {
        if limit > 8, seconds[7] != 0 { older.insert(seconds[7], at: 0) }
        if older.count > max(0, limit - 8) { older.removeLast(older.count - max(0, limit - 8)) }
        for lane in (1..<8).reversed() { seconds[lane] = lane < limit ? seconds[lane - 1] : 0 }
        seconds[0] = Self.wholeSecond(now)
    }

    /// Whether a time is after `now`.
    @inline(__always)
    func isAfter(_ now: Double) -> Bool {
        let second = Self.wholeSecond(now)
        return seconds.max() > second || older.contains { $0 > second }
    }

    /// Replaces times after `now` by `now`.
    mutating func limit(to now: Double) {
        let second = Self.wholeSecond(now)
        seconds = pointwiseMin(seconds, SIMD8(repeating: second))
        if !older.isEmpty { older = older.map { min($0, second) } }
    }

    /// The second of a time. A time before 1970 or after 2106 comes from a wrong clock; zero would mean no request.
    static func wholeSecond(_ now: Double) -> UInt32 {
        UInt32(max(1, min(now, Double(UInt32.max))))
    }

    /// The number of remembered requests within the window before `now`.
    func count(at now: Double) -> Int {
        var count = 0
        while count < 8, seconds[count] != 0, Self.isRecent(seconds[count], now) { count += 1 }
        guard count == 8 else { return count }
        return 8 + older.prefix { Self.isRecent($0, now) }.count
    }

    /// When the oldest of the newest `count` requests leaves the window, in seconds since 1970.
    ///
    /// - Parameter count: At least 1, at most the number of remembered requests.
    func end(ofNewest count: Int) -> Double {
        Double(count > 8 ? older[count - 9] : seconds[count - 1]) + ScanningThreshold.window
    }

    private static func isRecent(_ second: UInt32, _ now: Double) -> Bool {
        now - Double(second) < ScanningThreshold.window
    }

    /// The requests within the window before `now`.
    func within(_ now: Double) -> RecentRequests {
        first(count(at: now))
    }

    /// The newest requests.
    func first(_ count: Int) -> RecentRequests {
        RecentRequests(times: times.prefix(count))
    }
}

/// The use of a budget of counters.
public struct BudgetUse: Sendable, Hashable {
    /// The number of subjects with a counter of their own.
    public var tracked = 0
    /// The number of subjects without a counter whose last requests are remembered.
    public var displaced = 0
    /// Requests among which a scan may hide: they were forgotten within the hour, since there were more subjects than
    /// can be remembered, got no counter, since all subjects with a counter were scanning, or are owed to a counter.
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
