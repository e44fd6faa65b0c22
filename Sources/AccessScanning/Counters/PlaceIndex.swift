/// Finds the place of a subject: four bytes for each place instead of a dictionary's key and value.
///
/// The subjects are where the values are, and are compared there. Open addressing with linear probing and without
/// tombstones. The standard library's hashes are keyed, so an attacker cannot choose addresses that collide.
struct PlaceIndex<Subject: Hashable & Sendable>: Sendable {
    // The place of a subject plus one; zero for none. The size is a power of two, at most three quarters full.
    private var buckets: [UInt32] = []
    private(set) var count = 0

    /// The place of a subject; `nil` if it has none.
    ///
    /// - Parameter subjectAt: The subject at a place.
    @inline(__always)
    func place(of subject: Subject, in subjectAt: (Int) -> Subject) -> Int? {
        // Most outcomes have no counters: a hash takes longer than this.
        guard count > 0 else { return nil }
        var bucket = home(of: subject)
        while buckets[bucket] != 0 {
            let place = Int(buckets[bucket]) - 1
            if subjectAt(place) == subject { return place }
            bucket = after(bucket)
        }
        return nil
    }

    /// Makes room for so many subjects at once.
    mutating func reserve(_ capacity: Int, in subjectAt: (Int) -> Subject) {
        var size = max(16, buckets.count)
        while 3 * size < 4 * capacity { size *= 2 }
        if size > buckets.count { resize(to: size, subjectAt) }
    }

    /// Adds a subject without a place.
    mutating func insert(_ place: Int, of subject: Subject, in subjectAt: (Int) -> Subject) {
        if 4 * (count + 1) > 3 * buckets.count { resize(to: max(16, 2 * buckets.count), subjectAt) }
        put(place, subject)
        count += 1
    }

    /// Gives a subject in the index another place.
    mutating func move(_ subject: Subject, from place: Int, to other: Int) {
        buckets[bucket(of: subject, at: place)] = UInt32(other + 1)
    }

    /// Removes a subject, which must be in the index at this place.
    mutating func remove(_ place: Int, of subject: Subject, in subjectAt: (Int) -> Subject) {
        var hole = bucket(of: subject, at: place)
        count -= 1
        // Entries after it move up, unless they would get before their home.
        var bucket = after(hole)
        while buckets[bucket] != 0 {
            let home = home(of: subjectAt(Int(buckets[bucket]) - 1))
            if (bucket &- home) & mask >= (bucket &- hole) & mask {
                buckets[hole] = buckets[bucket]
                hole = bucket
            }
            bucket = after(bucket)
        }
        buckets[hole] = 0
    }

    private var mask: Int { buckets.count - 1 }

    private func home(of subject: Subject) -> Int { subject.hashValue & mask }

    private func after(_ bucket: Int) -> Int { (bucket + 1) & mask }

    private func bucket(of subject: Subject, at place: Int) -> Int {
        var bucket = home(of: subject)
        while buckets[bucket] != UInt32(place + 1) {
            precondition(buckets[bucket] != 0, "a subject that is not in the index")
            bucket = after(bucket)
        }
        return bucket
    }

    private mutating func put(_ place: Int, _ subject: Subject) {
        var bucket = home(of: subject)
        while buckets[bucket] != 0 { bucket = after(bucket) }
        buckets[bucket] = UInt32(place + 1)
    }

    private mutating func resize(to size: Int, _ subjectAt: (Int) -> Subject) {
        let old = buckets
        buckets = Array(repeating: 0, count: size)
        for bucket in old where bucket != 0 { put(Int(bucket) - 1, subjectAt(Int(bucket) - 1)) }
    }
}
