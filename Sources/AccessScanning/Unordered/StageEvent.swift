import AuditEvents

/// An event of a request: its stage and its time.
struct StageEvent: Sendable, Hashable, Comparable {
    // The lane of the stage in the lowest two bits, the microseconds since 1970 above; or a hash with the highest bit set.
    private let rawValue: UInt64

    private static let isHash: UInt64 = 1 << 63
    /// The largest distance that is packed, all ones, is none.
    private static let packedLimit: Int64 = 1 << 24 - 1

    /// An event whose time is written as an API server does, at one of its known stages.
    init?(lane: Int, at time: Int64) {
        guard lane < 3, (0..<1 << 60).contains(time) else { return nil }
        rawValue = UInt64(time) << 2 | UInt64(lane)
    }

    /// Any event.
    init(stage: String, at time: WrittenTime, key: SipHash128.Key) {
        let lane = StageCounts.lane(of: stage)
        if case .microseconds(let time) = time, let event = StageEvent(lane: lane, at: time) {
            self = event
            return
        }
        var hash = WordHash(key: key)
        hash.combine(stage)
        switch time {
        case .microseconds(let time): hash.combine(UInt64(bitPattern: time))
        case .other(let digest): hash.combine(digest)
        }
        rawValue = hash.digest().first & ~3 | UInt64(lane) | Self.isHash
    }

    /// The index of its stage in `StageCounts`.
    var lane: Int { Int(rawValue & 3) }

    static func < (one: StageEvent, other: StageEvent) -> Bool { one.rawValue < other.rawValue }

    /// Its stage and the microseconds from a time, if they have room in 27 bits; else a value for none.
    func packed(from start: Int64) -> UInt32 {
        let (distance, isTooFar) = Int64(bitPattern: rawValue >> 2).subtractingReportingOverflow(start)
        guard rawValue & Self.isHash == 0, !isTooFar, (0..<Self.packedLimit).contains(distance) else {
            return UInt32(Self.packedLimit)
        }
        return UInt32(lane) << 25 | UInt32(distance)
    }

    /// Whether `packed` has room for it.
    func isPacked(from start: Int64) -> Bool { packed(from: start) != UInt32(Self.packedLimit) }

    /// The event of the lowest 27 bits of a packed one; `nil` for none.
    init?(packed: UInt32, from start: Int64) {
        let distance = Int64(packed & 0xff_ffff)
        guard distance < Self.packedLimit else { return nil }
        rawValue = UInt64(start + distance) << 2 | UInt64(packed >> 25 & 3)
    }
}

/// The analytic of a request and, where it distinguishes them, the credentials; in five bits.
struct RequestKind: Hashable, Comparable {
    /// The number of analytics that can be told apart.
    static let analyticLimit = 8

    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(analytic: Int, _ credentials: Credentials?) {
        let number = credentials.flatMap { Credentials.allCases.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
        rawValue = UInt8(analytic << 2 | number)
    }

    var analytic: Int { Int(rawValue >> 2) }
    var credentials: Credentials? { rawValue & 3 == 0 ? nil : Credentials.allCases[Int(rawValue & 3) - 1] }

    static func < (one: RequestKind, other: RequestKind) -> Bool { one.rawValue < other.rawValue }
}
