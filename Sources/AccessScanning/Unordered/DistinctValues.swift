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
        let column: Evidence.Column
        let hash: UInt64
        let text: String
    }

    private struct Entry: Sendable {
        let value: Value
        var time: Int64

        var place: (UInt8, UInt64) { (value.column.rawValue, value.hash) }

        func isEarlier(than other: Entry) -> Bool {
            time != other.time ? time < other.time : value.text.utf8.lexicographicallyPrecedes(other.value.text.utf8)
        }
    }

    // By column and hash.
    private var entries: [Entry] = []
    // Hashes of values that found no room. One of them may be kept now, since it was seen again at an earlier time.
    private var crowdedOut: [Evidence.Column: Set<UInt64>] = [:]

    /// Notes a value.
    ///
    /// - Parameter time: When it was seen, in microseconds since 1970; without a time it is the latest.
    mutating func insert(_ value: Value, at time: Int64?) {
        insert(Entry(value: value, time: time ?? .max))
    }

    mutating func merge(_ other: DistinctValues) {
        for entry in other.entries { insert(entry) }
        crowdedOut.merge(other.crowdedOut) { $0.union($1) }
    }

    /// The values of a column in the order in which they were first seen.
    func values(_ column: Evidence.Column) -> [String] {
        entries[range(of: column)].sorted { $0.isEarlier(than: $1) }.map(\.value.text)
    }

    /// The number of distinct values of a column that are not kept.
    func leftOut(_ column: Evidence.Column) -> Int {
        guard let crowdedOut = crowdedOut[column] else { return 0 }
        return crowdedOut.subtracting(entries[range(of: column)].map(\.value.hash)).count
    }

    private mutating func insert(_ new: Entry) {
        let place = entries.partitioningIndex { $0.place >= new.place }
        if place < entries.count, entries[place].place == new.place {
            entries[place].time = min(entries[place].time, new.time)
            return
        }
        let column = range(of: new.value.column)
        guard column.count >= Self.limit else {
            entries.insert(new, at: place)
            return
        }
        guard let latest = column.max(by: { entries[$0].isEarlier(than: entries[$1]) }) else { return }
        guard new.isEarlier(than: entries[latest]) else {
            crowdedOut[new.value.column, default: []].insert(new.value.hash)
            return
        }
        crowdedOut[new.value.column, default: []].insert(entries[latest].value.hash)
        entries.remove(at: latest)
        entries.insert(new, at: latest < place ? place - 1 : place)
    }

    private func range(of column: Evidence.Column) -> Range<Int> {
        let start = entries.partitioningIndex { $0.value.column.rawValue >= column.rawValue }
        return start..<entries.partitioningIndex { $0.value.column.rawValue > column.rawValue }
    }
}

extension Array {
    /// The first index of the elements that satisfy a predicate; they follow all others.
    fileprivate func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// The texts of values, each stored once for the many sources that share it.
struct TextCache: Sendable {
    // Cleared when it is full: a text lives as long as a source has it.
    private static let limit = 1 << 16

    private var texts: [UInt64: String] = [:]

    /// The values of an event, in all columns.
    ///
    /// - Parameter key: The key of the hashes.
    mutating func values(of event: AuditEvent, key: SipHash128.Key) -> [DistinctValues.Value] {
        var values: [DistinctValues.Value] = []
        values.reserveCapacity(16)
        for column in Evidence.Column.allCases {
            for text in column.texts(of: event) where !text.isEmpty {
                let hash = Self.hash(text, key)
                values.append(DistinctValues.Value(column: column, hash: hash, text: stored(text, hash)))
            }
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

extension Evidence.Column {
    /// The texts of an event's field, as evidence has them; an absent field has none.
    fileprivate func texts(of event: AuditEvent) -> [String] {
        let texts: [String?] =
            switch self {
            case .user: [event.username]
            case .groups: event.groups
            case .verb: [event.verb]
            case .requestURI: [event.requestURI]
            case .userAgent: [event.userAgent]
            case .responseCode: [event.responseCode.map { String($0) }]
            case .responseMessage: [event.responseMessage]
            case .responseReason: [event.responseReason]
            case .responseStatus: [event.responseStatus]
            case .resource: [event.resource]
            }
        return texts.compactMap { $0.map(DistinctTexts.limited) }
    }
}
