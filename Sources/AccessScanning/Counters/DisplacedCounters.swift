/// The counters that gave way, the last ones of them: a ring in the order in which they did.
struct DisplacedCounters: Sendable {
    /// For each place of the budget so many are remembered,
    private static let perPlace = 25
    /// and never more than this, which takes 16 MiB.
    private static let limit = 1 << 19
    /// How many are kept on disk together.
    static let pageSize = 512

    /// At most so many are remembered.
    let capacity: Int
    /// Where the next one is put.
    private(set) var next = 0
    /// Requests that a scan may hide among: of the last hour and forgotten with their counter, since the ring was full, or
    /// without a place.
    private(set) var untrackedRequests: UInt64

    private var places = PagedArray<DisplacedCounter>(pageSize: pageSize)
    private var index = FingerprintIndex()
    // Since changes were last taken.
    private var hasChanges = true
    private var changedPages: Set<Int> = []

    /// - Parameters:
    ///   - capacity: At most so many are remembered.
    ///   - stored: What was kept. With another capacity the last ones of it stay.
    init(capacity: Int, restoring stored: DisplacedState = DisplacedState()) {
        self.capacity = capacity
        untrackedRequests = stored.untrackedRequests
        guard !stored.entries.isEmpty, capacity > 0 else { return }
        let isFull = stored.entries.count == capacity
        if isFull && stored.next < capacity || stored.entries.count < capacity && stored.next == stored.entries.count {
            // As it was, so that nothing need be written.
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
            // A fingerprint that stands twice is damage, and one of the two as good as the other.
            guard self.place(of: self[place].fingerprint) == nil else {
                self[place] = .none
                continue
            }
            index.insert(place, self[place].fingerprint) { [places] in places[$0].fingerprint }
        }
    }

    /// How many are remembered beside so many that have a place.
    static func capacity(forBudget budget: Int) -> Int {
        budget < limit / perPlace ? perPlace * budget : limit
    }

    /// How many are remembered.
    var count: Int { index.count }

    /// Takes a counter out.
    ///
    /// - Returns: What was remembered of it.
    @discardableResult
    mutating func take(_ fingerprint: UInt64) -> RecentRequests? {
        guard let place = place(of: fingerprint) else { return nil }
        let recent = self[place].recent
        unindex(place)
        self[place] = .none
        return recent
    }

    /// Remembers a counter that gave way, and forgets the one that did longest ago where there is no room.
    mutating func insert(_ entry: DisplacedCounter, at now: Double) {
        guard capacity > 0 else {
            noteUntracked(entry.recent.count(at: now))
            return
        }
        take(entry.fingerprint)
        if next < places.count, self[next].fingerprint != 0 {
            noteUntracked(self[next].recent.count(at: now))
            unindex(next)
        }
        let place = next
        put(entry)
        index.insert(place, entry.fingerprint) { [places] in places[$0].fingerprint }
    }

    /// Takes note of requests that a scan may hide among.
    mutating func noteUntracked(_ requests: Int) {
        untrackedRequests &+= UInt64(requests)
        hasChanges = true
    }

    /// Makes times after `now` to be `now`. The requests of one counter keep their distances.
    mutating func limitTimes(to now: Double) {
        let second = RecentRequests.wholeSecond(now)
        for place in places.indices where self[place].newest > second { self[place].newest = second }
    }

    // MARK: Changes

    /// What was changed since the last call; `nil` where nothing was.
    mutating func takeChanges() -> DisplacedChanges? {
        guard hasChanges else { return nil }
        defer {
            changedPages = []
            hasChanges = false
        }
        return DisplacedChanges(
            pages: Dictionary(uniqueKeysWithValues: changedPages.map { ($0, places.pages[$0]) }),
            pageCount: places.pages.count, next: next, untrackedRequests: untrackedRequests)
    }

    /// Gives changes back that could not be written.
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

/// Where the entry with a fingerprint lies: four bytes for each place instead of a dictionary's key and value.
///
/// Open addressing with linear probing; what is removed is closed up. Fingerprints are keyed hashes, so nobody can make
/// many of them fall into one place.
struct FingerprintIndex: Sendable {
    // The place of an entry and one; nought where there is none. A power of two, at most half full.
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

    /// Adds an entry whose fingerprint is not among them.
    mutating func insert(_ place: Int, _ fingerprint: UInt64, in fingerprintAt: (Int) -> UInt64) {
        if 2 * (count + 1) > places.count { grow(fingerprintAt) }
        put(place, fingerprint)
        count += 1
    }

    /// Removes an entry, which must be among them.
    mutating func remove(_ place: Int, _ fingerprint: UInt64, in fingerprintAt: (Int) -> UInt64) {
        var hole = home(of: fingerprint)
        while places[hole] != UInt32(place + 1) {
            precondition(places[hole] != 0, "an entry that is not in the index")
            hole = after(hole)
        }
        count -= 1
        // What lies behind moves up, unless it would come to lie before its home.
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
