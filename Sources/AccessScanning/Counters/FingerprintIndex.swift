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
