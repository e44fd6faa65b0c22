/// What is remembered of subjects without a counter: the last requests of each, in a ring in the order of their last
/// change, and how many counters were created lately.
struct DisplacedCounters: Sendable {
    /// The number of counters that are remembered for each place of the budget,
    private static let perPlace = 25
    /// and the maximum, which takes 16 MiB.
    private static let limit = 1 << 19
    /// The number of counters that are stored together.
    static let pageSize = 512

    /// The maximum number of counters that are remembered.
    let capacity: Int
    /// The place of the next counter.
    private(set) var next = 0
    /// Requests among which a scan may hide; see `BudgetUse`.
    private(set) var untrackedRequests: UInt64
    /// The counters that were created for subjects that do not scan.
    private(set) var births: RecentBirths

    private var places = PagedArray<DisplacedCounter>(pageSize: pageSize)
    private var index = FingerprintIndex()
    // Since changes were last taken.
    private var hasChanges = true
    private var changedPages: Set<Int> = []

    /// - Parameters:
    ///   - capacity: The maximum number of counters that are remembered.
    ///   - stored: The state. With a smaller capacity its last counters stay.
    init(capacity: Int, restoring stored: DisplacedState = DisplacedState()) {
        self.capacity = capacity
        untrackedRequests = stored.untrackedRequests
        births = stored.births
        guard !stored.entries.isEmpty, capacity > 0 else { return }
        let isFull = stored.entries.count == capacity
        if isFull && stored.next < capacity || stored.entries.count < capacity && stored.next == stored.entries.count {
            // At the same places, so that no page need be written.
            for entry in stored.entries { append(entry) }
            next = stored.next
            changedPages = []
        } else {
            let begin = min(stored.next, stored.entries.count)
            for entry in stored.entries[begin...] + stored.entries[..<begin] where entry.fingerprint != 0 {
                put(entry)
            }
        }
        for place in places.indices where self[place].fingerprint != 0 {
            // A duplicate fingerprint is damage; either of the two is as good as the other.
            guard self.place(of: self[place].fingerprint) == nil else {
                self[place] = .none
                continue
            }
            index.insert(place, self[place].fingerprint) { [places] in places[$0].fingerprint }
        }
    }

    /// The capacity that belongs to a budget.
    static func capacity(forBudget budget: Int) -> Int {
        budget < limit / perPlace ? perPlace * budget : limit
    }

    /// The number of counters that are remembered.
    var count: Int { index.count }

    /// Removes a counter.
    ///
    /// - Returns: Its last requests and its place; `nil` if it was not remembered.
    @discardableResult
    mutating func take(_ fingerprint: UInt64) -> (recent: RecentRequests, place: Int)? {
        guard let place = place(of: fingerprint) else { return nil }
        let recent = self[place].recent
        unindex(place)
        self[place] = .none
        return (recent, place)
    }

    /// Remembers a counter, and forgets the oldest one if there is no room.
    ///
    /// - Parameters:
    ///   - former: The place that it was taken from. It is used again, so that another request of the same subject makes
    ///     nothing be forgotten, unless it is in the older half of the ring.
    ///   - now: Seconds since 1970.
    mutating func insert(_ entry: DisplacedCounter, formerlyAt former: Int? = nil, at now: Double) {
        guard capacity > 0 else {
            noteUntracked(entry.recent.count(at: now))
            return
        }
        take(entry.fingerprint)
        if let former, self[former].fingerprint == 0, (next - 1 - former + capacity) % capacity < capacity / 2 {
            self[former] = entry
            index.insert(former, entry.fingerprint) { [places] in places[$0].fingerprint }
            return
        }
        if next < places.count, self[next].fingerprint != 0 {
            noteUntracked(self[next].recent.count(at: now))
            unindex(next)
        }
        let place = next
        put(entry)
        index.insert(place, entry.fingerprint) { [places] in places[$0].fingerprint }
    }

    /// Counts requests among which a scan may hide.
    mutating func noteUntracked(_ requests: Int) {
        untrackedRequests &+= UInt64(requests)
        hasChanges = true
    }

    /// Notes that a counter is created for a subject that does not scan.
    mutating func noteBirth(at now: Double) {
        births.add(at: now)
        hasChanges = true
    }

    /// Replaces times after `now` by `now`. The requests of a counter keep their intervals.
    mutating func limitTimes(to now: Double) {
        let second = RecentRequests.wholeSecond(now)
        for place in places.indices where self[place].newest > second { self[place].newest = second }
        births.limit(to: now)
    }

    // MARK: Changes

    /// Takes the changes since the last call; `nil` if there are none.
    mutating func takeChanges() -> DisplacedChanges? {
        guard hasChanges else { return nil }
        defer {
            changedPages = []
            hasChanges = false
        }
        return DisplacedChanges(
            pages: Dictionary(uniqueKeysWithValues: changedPages.map { ($0, places.pages[$0]) }),
            pageCount: places.pages.count, next: next, untrackedRequests: untrackedRequests, births: births)
    }

    /// Gives back changes that could not be written.
    mutating func putBack(_ changes: DisplacedChanges) {
        changedPages.formUnion(changes.pages.keys)
        hasChanges = true
    }

    // MARK: Places

    private subscript(place: Int) -> DisplacedCounter {
        get { places[place] }
        set {
            places[place] = newValue
            noteChange(place)
        }
    }

    private mutating func noteChange(_ place: Int) {
        changedPages.insert(place / Self.pageSize)
        hasChanges = true
    }

    private func place(of fingerprint: UInt64) -> Int? {
        index.place(of: fingerprint) { places[$0].fingerprint }
    }

    private mutating func unindex(_ place: Int) {
        index.remove(place, self[place].fingerprint) { [places] in places[$0].fingerprint }
    }

    private mutating func put(_ entry: DisplacedCounter) {
        if next < places.count { self[next] = entry } else { append(entry) }
        next = (next + 1) % capacity
    }

    private mutating func append(_ entry: DisplacedCounter) {
        places.append(entry)
        noteChange(places.count - 1)
    }
}

/// The last requests of a displaced counter, which may still become a scan.
///
/// It takes 24 bytes, since there may be half a million of them.
public struct DisplacedCounter: Sendable, Hashable {
    /// Keyed hash of the subject; zero for an empty place.
    public var fingerprint: UInt64
    /// The time of the last request, in whole seconds since 1970.
    public var newest: UInt32
    /// The times of the requests before it, in seconds before it, newest first; `UInt16.max` for no request.
    public var ages: SIMD4<UInt16>

    /// The number of requests that are remembered.
    public static let limit = 5
    /// An empty place.
    public static let none = DisplacedCounter(fingerprint: 0, newest: 0, ages: SIMD4(repeating: .max))

    /// A counter with these values.
    public init(fingerprint: UInt64, newest: UInt32, ages: SIMD4<UInt16>) {
        self.fingerprint = fingerprint
        self.newest = newest
        self.ages = ages
    }

    /// - Parameter recent: No scan, and within one window, so that ages fit into 16 bits.
    init(fingerprint: UInt64, _ recent: RecentRequests) {
        let times = recent.times
        self = .none
        self.fingerprint = fingerprint
        newest = times.first ?? 0
        // If the clock was turned back in between, the age is zero.
        for (lane, time) in times.dropFirst().prefix(4).enumerated() {
            ages[lane] = UInt16(min(newest - min(time, newest), UInt32(UInt16.max - 1)))
        }
    }

    /// The last requests.
    var recent: RecentRequests {
        let before = (0..<4).prefix { ages[$0] != .max }.map { newest - min(newest, UInt32(ages[$0])) }
        return RecentRequests(times: [newest] + before)
    }
}

/// How many counters were created within the last hour, by minute.
public struct RecentBirths: Sendable, Hashable {
    /// The counters that were created in one minute.
    public struct Minute: Sendable, Hashable {
        /// The minute, since 1970.
        public var minute: UInt32
        /// How many counters were created in it.
        public var count: UInt32

        /// A number of counters.
        public init(minute: UInt32, count: UInt32) {
            self.minute = minute
            self.count = count
        }
    }

    // An hour, and the minute that has begun: rather too many than too few.
    private static let span: UInt32 = 60

    /// The minutes in which any were created, oldest first.
    public private(set) var minutes: [Minute]

    /// Births; none unless they are given.
    public init(minutes: [Minute] = []) {
        self.minutes = minutes
    }

    /// The number of counters that were created within the hour before `now`, in seconds since 1970.
    func count(at now: Double) -> Int {
        let first = Self.firstMinute(at: now)
        return minutes.reduce(0) { $0 + ($1.minute >= first ? Int($1.count) : 0) }
    }

    mutating func add(at now: Double) {
        let minute = RecentRequests.wholeSecond(now) / 60
        // If the clock was turned back, the last minute gets longer.
        if let last = minutes.indices.last, minutes[last].minute >= minute {
            minutes[last].count &+= 1
            return
        }
        let first = Self.firstMinute(at: now)
        minutes.removeAll { $0.minute < first }
        minutes.append(Minute(minute: minute, count: 1))
    }

    /// Replaces times after `now` by `now`.
    mutating func limit(to now: Double) {
        let minute = RecentRequests.wholeSecond(now) / 60
        let later = minutes.filter { $0.minute >= minute }
        guard let last = later.last, last.minute > minute else { return }
        minutes.removeAll { $0.minute >= minute }
        minutes.append(Minute(minute: minute, count: later.reduce(0) { $0 &+ $1.count }))
    }

    private static func firstMinute(at now: Double) -> UInt32 {
        let minute = RecentRequests.wholeSecond(now) / 60
        return minute - min(minute, span)
    }
}

/// Finds the place of a fingerprint: four bytes for each place instead of a dictionary's key and value.
///
/// Open addressing with linear probing and without tombstones. Fingerprints are keyed hashes, so an attacker cannot
/// choose addresses that collide.
struct FingerprintIndex: Sendable {
    // The place of an entry plus one; zero for none. The size is a power of two, at most half full.
    private var places: [UInt32] = Array(repeating: 0, count: 64)
    private(set) var count = 0

    /// The place of the entry with a fingerprint.
    func place(of fingerprint: UInt64, in fingerprintAt: (Int) -> UInt64) -> Int? {
        var bucket = home(of: fingerprint)
        while places[bucket] != 0 {
            let place = Int(places[bucket]) - 1
            if fingerprintAt(place) == fingerprint { return place }
            bucket = after(bucket)
        }
        return nil
    }

    /// Makes room for so many entries at once. The index must be empty.
    mutating func reserve(_ capacity: Int) {
        precondition(count == 0)
        var size = places.count
        while size < 2 * capacity { size *= 2 }
        places = Array(repeating: 0, count: size)
    }

    /// Adds an entry whose fingerprint is not in the index.
    mutating func insert(_ place: Int, _ fingerprint: UInt64, in fingerprintAt: (Int) -> UInt64) {
        if 2 * (count + 1) > places.count { grow(fingerprintAt) }
        put(place, fingerprint)
        count += 1
    }

    /// Removes an entry, which must be in the index.
    mutating func remove(_ place: Int, _ fingerprint: UInt64, in fingerprintAt: (Int) -> UInt64) {
        var hole = home(of: fingerprint)
        while places[hole] != UInt32(place + 1) {
            precondition(places[hole] != 0, "an entry that is not in the index")
            hole = after(hole)
        }
        count -= 1
        // Entries after it move up, unless they would get before their home.
        var bucket = after(hole)
        while places[bucket] != 0 {
            let home = home(of: fingerprintAt(Int(places[bucket]) - 1))
            if (bucket &- home) & mask >= (bucket &- hole) & mask {
                places[hole] = places[bucket]
                hole = bucket
            }
            bucket = after(bucket)
        }
        places[hole] = 0
    }

    private var mask: Int { places.count - 1 }

    private func home(of fingerprint: UInt64) -> Int { Int(truncatingIfNeeded: fingerprint) & mask }

    private func after(_ bucket: Int) -> Int { (bucket + 1) & mask }

    private mutating func put(_ place: Int, _ fingerprint: UInt64) {
        var bucket = home(of: fingerprint)
        while places[bucket] != 0 { bucket = after(bucket) }
        places[bucket] = UInt32(place + 1)
    }

    private mutating func grow(_ fingerprintAt: (Int) -> UInt64) {
        let old = places
        places = Array(repeating: 0, count: 2 * old.count)
        for place in old where place != 0 { put(Int(place) - 1, fingerprintAt(Int(place) - 1)) }
    }
}
