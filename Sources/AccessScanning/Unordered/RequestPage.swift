/// Requests that follow each other in the order of time.
///
/// ```swift
/// var page = RequestPage(key, record)
/// let (index, isKnown) = page.place(of: other)
/// if !isKnown, !page.insert(otherRecord, other, at: index, limit: 256) { … }
/// ```
struct RequestPage: Sendable {
    /// The key of the first record.
    private(set) var start: RequestKey
    // The time from which records count.
    private let base: Int64
    private var records: [RequestRecord]

    /// A page of one request.
    ///
    /// - Parameter capacity: The number of records that the page is likely to have.
    init(_ key: RequestKey, _ record: RequestRecord, capacity: Int) {
        start = key
        base = key.time - RequestRecord.timeLimit / 2
        records = []
        records.reserveCapacity(capacity)
        records.append(record.placed(at: RequestRecord.timeLimit / 2))
    }

    private init(start: RequestKey, base: Int64, records: [RequestRecord]) {
        self.start = start
        self.base = base
        self.records = records
    }

    var count: Int { records.count }

    /// The key of a record.
    func key(at index: Int) -> RequestKey {
        RequestKey(time: base + records[index].time, hash: records[index].hash)
    }

    /// The index of the record with the key, or the one at which it can be inserted.
    func place(of key: RequestKey) -> (index: Int, isKnown: Bool) {
        // Most requests belong to the end.
        var (low, high) = (0, records.count)
        if self.key(at: high - 1) < key { return (high, false) }
        while low < high {
            let middle = (low + high) / 2
            if self.key(at: middle) < key { low = middle + 1 } else { high = middle }
        }
        return (low, self.key(at: low) == key)
    }

    /// Inserts a record.
    ///
    /// - Parameter limit: The most records of a page.
    /// - Returns: False if there is no room for it, or it is too far away in time from the others.
    mutating func insert(_ record: RequestRecord, _ key: RequestKey, at index: Int, limit: Int) -> Bool {
        // Both are at least zero and far below the limits of integers.
        let time = key.time - base
        guard records.count < limit, (0..<RequestRecord.timeLimit).contains(time) else { return false }
        if records.count == records.capacity { records.reserveCapacity(min(limit, 2 * records.count)) }
        // Most belong to the end, where `append` is several times as fast.
        if index == records.count {
            records.append(record.placed(at: time))
        } else {
            records.insert(record.placed(at: time), at: index)
        }
        if index == 0 { start = key }
        return true
    }

    /// Removes the records from an index on.
    mutating func removeEnd(from index: Int) -> RequestPage {
        let end = RequestPage(start: key(at: index), base: base, records: Array(records[index...]))
        records.removeSubrange(index...)
        return end
    }

    /// Notes an event of a record.
    ///
    /// - Parameter time: The time of the record.
    /// - Returns: Whether the event is not the stored one; then the record is marked.
    mutating func note(_ event: StageEvent, _ kind: RequestKind, at index: Int, time: Int64) -> Bool {
        note(kind, at: index)
        guard records[index].first(from: time) != event else { return false }
        noteMore(at: index)
        return true
    }

    mutating func note(_ kind: RequestKind, at index: Int) {
        if kind < records[index].kind { records[index].kind = kind }
    }

    /// Marks a record that has more events than it stores.
    mutating func noteMore(at index: Int) { records[index].hasMore = true }

    mutating func changeParties(_ party: (Int) -> Int) {
        for index in records.indices { records[index].party = party(records[index].party) }
    }

    func record(at index: Int) -> RequestRecord { records[index] }
}

/// What is stored of a request that has a time, in 20 bytes.
struct RequestRecord: Sendable {
    /// Times from the beginning of a page are below this number of microseconds: 19 hours.
    static let timeLimit: Int64 = 1 << 36

    private static let partyBits = UInt32(28)
    private static let moreBit: UInt32 = 1 << 24

    // The parts of 64 bits, which would need eight bytes to begin at.
    private let hashHigh: UInt32
    private let hashLow: UInt32
    private var timeLow: UInt32 = 0
    // 4 bits of the time and 28 of the party.
    private var timeAndParty: UInt32 = 0
    // 5 bits of the kind, 2 of the stage, whether there are more events, and 24 bits of the microseconds from the time of
    // the request to the event; all ones if the first event is among the others.
    private var packed: UInt32

    /// A record of one event.
    init(_ key: RequestKey, party: Int, _ kind: RequestKind, _ event: StageEvent) {
        hashHigh = UInt32(truncatingIfNeeded: key.hash >> 32)
        hashLow = UInt32(truncatingIfNeeded: key.hash)
        packed = UInt32(kind.rawValue) << 27 | event.packed(from: key.time)
        self.party = party
        hasMore = first(from: key.time) == nil
    }

    var hash: UInt64 { UInt64(hashHigh) << 32 | UInt64(hashLow) }

    /// Microseconds from the beginning of the page.
    fileprivate var time: Int64 { Int64(timeAndParty >> Self.partyBits) << 32 | Int64(timeLow) }

    fileprivate func placed(at time: Int64) -> RequestRecord {
        var placed = self
        placed.timeLow = UInt32(truncatingIfNeeded: time)
        placed.timeAndParty =
            UInt32(truncatingIfNeeded: time >> 32) << Self.partyBits | timeAndParty & (1 << Self.partyBits - 1)
        return placed
    }

    /// The index of the party.
    var party: Int {
        get { Int(timeAndParty & (1 << Self.partyBits - 1)) }
        set {
            // Each takes hundreds of bytes.
            precondition(newValue < 1 << Self.partyBits, "too many sources")
            timeAndParty = timeAndParty & ~(1 << Self.partyBits - 1) | UInt32(newValue)
        }
    }

    var kind: RequestKind {
        get { RequestKind(rawValue: UInt8(packed >> 27)) }
        set { packed = packed & 0x7ff_ffff | UInt32(newValue.rawValue) << 27 }
    }

    /// Whether there are events besides the stored one.
    var hasMore: Bool {
        get { packed & Self.moreBit != 0 }
        set { packed = newValue ? packed | Self.moreBit : packed & ~Self.moreBit }
    }

    /// The first event, unless it is among the others.
    ///
    /// - Parameter time: The time of the request.
    func first(from time: Int64) -> StageEvent? { StageEvent(packed: packed, from: time) }
}

/// Reads pages in their order, and forgets them.
struct PageReader {
    // The next one is the last.
    private var pages: [RequestPage]
    private var index = 0

    init(_ pages: consuming [RequestPage]) {
        self.pages = pages
        self.pages.reverse()
    }

    /// The key of the next record; `nil` at the end.
    var next: RequestKey? { pages.last?.key(at: index) }

    /// The next page if none of it was read, and it ends before a key; `nil` for any.
    mutating func takePage(before other: RequestKey?) -> RequestPage? {
        guard index == 0, let page = pages.last else { return nil }
        if let other, other <= page.key(at: page.count - 1) { return nil }
        return pages.removeLast()
    }

    /// The next record; there must be one.
    mutating func takeRecord() -> RequestRecord {
        let page = pages[pages.count - 1]
        let record = page.record(at: index)
        index += 1
        if index == page.count {
            pages.removeLast()
            index = 0
        }
        return record
    }
}
