/// How many requests a source made in each minute of the last hour.
///
/// Only minutes with requests are kept, since most sources make few. A counter's `recent` has exact times, but only as
/// many as are needed to recognise a scan; this has all requests, to the minute.
public struct RequestsByMinute: Sendable, Hashable {
    /// A minute with requests.
    public struct Minute: Sendable, Hashable {
        /// The minute, since 1970.
        public var number: UInt32
        /// Its requests.
        public var requests: UInt32

        /// A minute with requests.
        public init(_ number: UInt32, requests: UInt32) {
            self.number = number
            self.requests = requests
        }
    }

    /// The minutes before the present one that are kept.
    private static let span: UInt32 = 60
    /// The maximum number of minutes.
    public static let limit = Int(span) + 1

    /// The minutes with requests, oldest first.
    public private(set) var minutes: [Minute]

    /// Minutes; none unless they are given.
    ///
    /// - Parameter minutes: Oldest first. Those that are not after the one before are left out, and those past the limit.
    public init(_ minutes: [Minute] = []) {
        self.minutes = []
        for minute in minutes.suffix(Self.limit) where self.minutes.last.map({ $0.number < minute.number }) ?? true {
            self.minutes.append(minute)
        }
    }

    /// The minutes as they are stored: each with its number in the upper 32 bits and its requests in the lower ones.
    public var entries: [UInt64] { minutes.map { UInt64($0.number) << 32 | UInt64($0.requests) } }

    /// The minutes of `entries` as they were stored, little-endian. What follows the last whole one is ignored.
    public init(stored bytes: RawSpan) {
        minutes = []
        let count = bytes.byteCount / 8
        let kept = max(0, count - Self.limit)..<count
        minutes.reserveCapacity(kept.count)
        for place in kept {
            let entry = UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8 * place, as: UInt64.self))
            let minute = Minute(UInt32(entry >> 32), requests: UInt32(truncatingIfNeeded: entry))
            if minutes.last.map({ $0.number < minute.number }) ?? true { minutes.append(minute) }
        }
    }

    /// Adds a request, and forgets the minutes that are too old.
    ///
    /// - Parameter second: In whole seconds since 1970. A time before the last one, from a clock that was turned back,
    ///   counts for the last minute.
    mutating func add(at second: UInt32) {
        let number = second / 60
        if let last = minutes.last, last.number >= number {
            minutes[minutes.count - 1].requests = last.requests == .max ? .max : last.requests + 1
        } else {
            let kept = minutes.first.map { number - $0.number <= Self.span } ?? true
            if !kept { minutes.removeAll { number - $0.number > Self.span } }
            minutes.append(Minute(number, requests: 1))
        }
    }

    /// Whether a minute is after that of `now`.
    @inline(__always)
    func isAfter(_ now: Double) -> Bool {
        minutes.last.map { $0.number > RecentRequests.wholeSecond(now) / 60 } ?? false
    }

    /// Replaces times after `now` by `now`.
    mutating func limit(to now: Double) {
        let present = RecentRequests.wholeSecond(now) / 60
        guard let last = minutes.last, last.number > present else { return }
        let later = minutes.filter { $0.number >= present }.reduce(UInt64(0)) { $0 + UInt64($1.requests) }
        minutes.removeAll { $0.number >= present }
        minutes.append(Minute(present, requests: UInt32(clamping: later)))
    }

    /// The requests of each minute, the 60th before the present one first, the present one last.
    ///
    /// - Parameter now: Seconds since 1970.
    public func lastHour(at now: Double) -> [UInt32] {
        let present = RecentRequests.wholeSecond(now) / 60
        var requests = [UInt32](repeating: 0, count: Self.limit)
        for minute in minutes {
            let age = minute.number > present ? 0 : present - minute.number
            if age <= Self.span { requests[Int(Self.span - age)] = minute.requests }
        }
        return requests
    }

    /// The sum of `lastHour`.
    func count(at now: Double) -> UInt64 {
        lastHour(at: now).reduce(0) { $0 + UInt64($1) }
    }
}

extension SourceCounter {
    /// The requests within the last hour: exact as long as they are few, and to the minute when they are more than
    /// `recent` has times for.
    ///
    /// - Parameter now: Seconds since 1970.
    public func requestsLastHour(at now: Double) -> UInt64 {
        let exact = recent.count(at: now)
        // Some of the remembered times are older: none of the last hour is missing.
        if exact < recent.times.count { return UInt64(exact) }
        // A counter of an older version has no minutes yet.
        return max(UInt64(exact), byMinute.count(at: now))
    }
}
