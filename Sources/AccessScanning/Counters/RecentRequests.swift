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
