/// The distinct paths that a source asked for within the last hour, exactly, up to a limit.
///
/// A path is remembered as a keyed hash with the minute in which it was last asked for. Past the limit the path that was
/// not asked for longest is forgotten, so the number of paths within any time up to now is right, or is the limit.
public struct RecentPaths: Sendable, Hashable {
    /// The maximum number of paths; a count of it means as many or more.
    public static let limit = 64

    /// The hashes of the paths, in no order.
    public private(set) var hashes: [UInt64]
    /// The minute of each one's last request, since 1970.
    public private(set) var minutes: [UInt32]

    /// Paths; none unless they are given. Paths past the limit are left out.
    public init(hashes: [UInt64] = [], minutes: [UInt32] = []) {
        let count = min(hashes.count, minutes.count, Self.limit)
        self.hashes = Array(hashes.prefix(count))
        self.minutes = Array(minutes.prefix(count))
    }

    /// The number of paths asked for in the present minute and the 60 minutes before it.
    ///
    /// - Parameter now: Seconds since 1970.
    public func count(at now: Double) -> Int {
        let present = Self.minute(now)
        return minutes.count { Self.isRecent($0, present) }
    }

    /// Notes a request.
    mutating func add(_ hash: UInt64, at now: Double) {
        let present = Self.minute(now)
        if let place = hashes.firstIndex(of: hash) {
            // An array that is shared with a snapshot is copied only if the minute changes.
            if minutes[place] != present { minutes[place] = present }
        } else if let place = placeToReuse(at: present) {
            hashes[place] = hash
            minutes[place] = present
        } else {
            hashes.append(hash)
            minutes.append(present)
        }
    }

    /// Replaces times after `now` by `now`.
    mutating func limit(to now: Double) {
        let present = Self.minute(now)
        if minutes.contains(where: { $0 > present }) { minutes = minutes.map { min($0, present) } }
    }

    /// The place of the path that was not asked for longest, if it is too old to count or there is no room.
    private func placeToReuse(at present: UInt32) -> Int? {
        guard let oldest = minutes.indices.min(by: { minutes[$0] < minutes[$1] }) else { return nil }
        return hashes.count == Self.limit || !Self.isRecent(minutes[oldest], present) ? oldest : nil
    }

    private static func isRecent(_ minute: UInt32, _ present: UInt32) -> Bool {
        minute > present || present - minute <= 60
    }

    private static func minute(_ now: Double) -> UInt32 { RecentRequests.wholeSecond(now) / 60 }
}
