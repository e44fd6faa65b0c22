import AuditEvents

/// The distinct values of a source in each column of `Evidence`: those that were seen first, and how many more there are.
///
/// The result depends on the values and their times only, not on the order in which they are inserted: of a column's
/// values it keeps those with the earliest times, and of equally early ones those that sort first.
struct DistinctValues: Sendable {
    /// The most values of a column.
    static let limit = 100

    /// A value of a column, and the hash by which it is compared.
    struct Value: Sendable {
        /// The column in the upper 4 bits, then the hash. Many sources have values, so they are small.
        fileprivate let place: UInt64
        let text: String

        /// - Parameter hash: A keyed hash of the text; 60 bits of it are used.
        init(_ text: String, in column: Evidence.Column, hash: UInt64) {
            place = UInt64(column.rawValue) << 60 | hash >> 4
            self.text = text
        }

        fileprivate var column: UInt64 { place >> 60 }
    }

    private struct Entry: Sendable {
        let value: Value
        var time: Int64

        func isEarlier(than other: Entry) -> Bool {
            time != other.time ? time < other.time : value.text.utf8.lexicographicallyPrecedes(other.value.text.utf8)
        }
    }

    // By place, which is by column and hash.
    private var entries: [Entry] = []
    // The places of values that found no room. One of them may be kept now, since it was seen again at an earlier time.
    private var crowdedOut: Set<UInt64> = []

    /// Notes a value.
    ///
    /// - Parameter time: When it was seen, in microseconds since 1970; without a time it is the latest.
    mutating func insert(_ value: Value, at time: Int64?) {
        insert(Entry(value: value, time: time ?? .max))
    }

    mutating func merge(_ other: DistinctValues) {
        for entry in other.entries { insert(entry) }
        crowdedOut.formUnion(other.crowdedOut)
    }

    /// The values of a column in the order in which they were first seen.
    func values(_ column: Evidence.Column) -> [String] {
        entries[range(of: UInt64(column.rawValue))].sorted { $0.isEarlier(than: $1) }.map(\.value.text)
    }

    /// The number of distinct values of a column that are not kept.
    func leftOut(_ column: Evidence.Column) -> Int {
        guard !crowdedOut.isEmpty else { return 0 }
        let kept = entries[range(of: UInt64(column.rawValue))].map(\.value.place)
        return crowdedOut.filter { $0 >> 60 == UInt64(column.rawValue) }.subtracting(kept).count
    }

    private mutating func insert(_ new: Entry) {
        let place = index(of: new.value.place)
        if place < entries.count, entries[place].value.place == new.value.place {
            entries[place].time = min(entries[place].time, new.time)
            return
        }
        // A first request has a value in almost each column.
        if entries.isEmpty { entries.reserveCapacity(Evidence.Column.allCases.count) }
        guard entries.count >= Self.limit, case let column = range(of: new.value.column), column.count >= Self.limit
        else {
            entries.insert(new, at: place)
            return
        }
        guard let latest = column.max(by: { entries[$0].isEarlier(than: entries[$1]) }) else { return }
        guard new.isEarlier(than: entries[latest]) else {
            crowdedOut.insert(new.value.place)
            return
        }
        crowdedOut.insert(entries[latest].value.place)
        entries.remove(at: latest)
        entries.insert(new, at: latest < place ? place - 1 : place)
    }

    private func range(of column: UInt64) -> Range<Int> { index(of: column << 60)..<index(of: (column + 1) << 60) }

    /// The index of the first entry that is not before a place.
    private func index(of place: UInt64) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].value.place < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// The texts of values, each stored once for the many sources that share it.
struct TextCache: Sendable {
    // Cleared when it is full: a text lives as long as a source has it.
    private static let limit = 1 << 16

    private var texts: [UInt64: String] = [:]

    /// The values of an event in all columns, as evidence has them; absent and empty fields have none.
    ///
    /// - Parameter key: The key of the hashes.
    mutating func values(of event: AuditEvent, key: SipHash128.Key) -> [DistinctValues.Value] {
        var values: [DistinctValues.Value] = []
        values.reserveCapacity(16)
        event.forEachValue { text, column in
            let limited = DistinctTexts.limited(text)
            let hash = Self.hash(limited, key)
            values.append(DistinctValues.Value(stored(limited, hash), in: column, hash: hash))
        }
        return values
    }

    private mutating func stored(_ text: String, _ hash: UInt64) -> String {
        if let known = texts[hash] { return known }
        if texts.count >= Self.limit { texts = [:] }
        texts[hash] = text
        return text
    }

    private static func hash(_ text: String, _ key: SipHash128.Key) -> UInt64 {
        var hash = SipHash128(key: key)
        hash.combine(text)
        return hash.digest().first
    }
}
