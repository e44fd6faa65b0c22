/// What is remembered of a counter that gave way to another: its last requests, for as long as they may become a scan.
///
/// Twenty-four bytes, since there may be half a million of them.
public struct DisplacedCounter: Sendable, Hashable {
    /// Keyed hash of whose counter it was; nought is no one's.
    public var fingerprint: UInt64
    /// When its last request was made, in whole seconds since 1970.
    public var newest: UInt32
    /// How many seconds before that each of those before it was made, the newest first; `UInt16.max` where none was.
    public var ages: SIMD4<UInt16>

    /// No one's.
    public static let none = DisplacedCounter(fingerprint: 0, newest: 0, ages: SIMD4(repeating: .max))

    /// What was kept.
    public init(fingerprint: UInt64, newest: UInt32, ages: SIMD4<UInt16>) {
        self.fingerprint = fingerprint
        self.newest = newest
        self.ages = ages
    }

    /// - Parameter recent: Not a scan, and within a window, which fits into sixteen bits.
    init(fingerprint: UInt64, _ recent: RecentRequests) {
        let times = recent.times
        self = .none
        self.fingerprint = fingerprint
        newest = times.first ?? 0
        // A clock that was turned back in between makes an age of nought.
        for (lane, time) in times.dropFirst().prefix(4).enumerated() {
            ages[lane] = UInt16(min(newest - min(time, newest), UInt32(UInt16.max - 1)))
        }
    }

    /// Its last requests.
    var recent: RecentRequests {
        let before = (0..<4).prefix { ages[$0] != .max }.map { newest - min(newest, UInt32(ages[$0])) }
        return RecentRequests(times: [newest] + before)
    }
}
