import AuditEvents

/// The distinct paths that a source asked for within the last hour, exactly, up to a limit.
///
/// Past the limit the path that was not asked for longest is forgotten, so the number of paths since any time is right,
/// or is the limit.
public struct RecentPaths: Sendable, Hashable {
    /// The maximum number of paths; a count of it means as many or more.
    public static let limit = 64

    /// For each path, in no order: 40 bits of a keyed hash, and the minute of its last request, 24 bits, which repeat
    /// after 32 years. With 64 paths, a new one is taken for another once in 17 billion times.
    public private(set) var entries: [UInt64]

    /// Paths; none unless they are given. Paths past the limit are left out.
    public init(entries: some Sequence<UInt64> = []) {
        self.entries = Array(entries.prefix(Self.limit))
    }

    /// Paths as they were stored. Paths past the limit are left out.
    public init(stored entries: [UInt64]) {
        self.entries = entries.count > Self.limit ? Array(entries[..<Self.limit]) : entries
    }

    /// A keyed hash of the path of a request, without the query; `nil` without a path.
    static func hash(ofPathIn event: AuditEvent, key: SipHash128.Key) -> UInt64? {
        guard !event.requestURI.isEmpty else { return nil }
        var hash = SipHash128(key: key)
        event.requestURI.utf8.withContiguousStorageIfAvailable { uri in
            hash.combine(bytes: uri.span.bytes.extracting(first: uri.firstIndex(of: UInt8(ascii: "?")) ?? uri.count))
        }
        return hash.digest().first
    }

    /// The number of paths asked for in the present minute and the 60 minutes before it.
    ///
    /// - Parameter now: Seconds since 1970.
    public func count(at now: Double) -> Int {
        let present = Self.minute(now)
        return entries.count { Self.age(of: $0, present) <= Self.lastAge }
    }

    /// The minute of a time. Within it, `count` changes only with the paths.
    ///
    /// - Parameter now: Seconds since 1970.
    public static func minute(of now: Double) -> Int { Int(minute(now)) }

    /// Notes a request.
    mutating func add(_ hash: UInt64, at now: Double) {
        let present = Self.minute(now)
        let entry = hash & ~Self.minutes | present
        if let place = entries.firstIndex(where: { ($0 ^ hash) & ~Self.minutes == 0 }) {
            // Memory that is shared with a snapshot is copied only if the minute changes.
            if entries[place] != entry { entries[place] = entry }
        } else if let place = placeToReuse(at: present) {
            entries[place] = entry
        } else {
            entries.append(entry)
        }
    }

    /// Whether a time is after the minute of `now`.
    func isAfter(_ now: Double) -> Bool {
        let present = Self.minute(now)
        return entries.contains { Self.isLater($0, present) }
    }

    /// Replaces times after `now` by `now`.
    mutating func limit(to now: Double) {
        let present = Self.minute(now)
        for place in entries.indices where Self.isLater(entries[place], present) {
            entries[place] = entries[place] & ~Self.minutes | present
        }
    }

    /// The place of the path that was not asked for longest, if it is too old to count or there is no room.
    private func placeToReuse(at present: UInt64) -> Int? {
        let oldest = entries.indices.max { Self.age(of: entries[$0], present) < Self.age(of: entries[$1], present) }
        guard let oldest else { return nil }
        return entries.count == Self.limit || Self.age(of: entries[oldest], present) > Self.lastAge ? oldest : nil
    }

    private static let minutes: UInt64 = 1 << 24 - 1
    private static let lastAge: UInt64 = 60

    /// The minutes since a path was asked for; zero for a time in the future.
    private static func age(of entry: UInt64, _ present: UInt64) -> UInt64 {
        isLater(entry, present) ? 0 : (present &- entry) & minutes
    }

    private static func isLater(_ entry: UInt64, _ present: UInt64) -> Bool {
        (present &- entry) & minutes > minutes / 2
    }

    private static func minute(_ now: Double) -> UInt64 { UInt64(RecentRequests.wholeSecond(now) / 60) & minutes }
}
