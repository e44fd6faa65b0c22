import AuditEvents

/// The requests of logs by their identity: 37 bytes for each, since there can be millions of them.
///
/// They are in tables, each of which was filled by one thread. When collections are merged, their tables stay as they are:
/// a request that is in two of them is removed from one.
struct AlikeRequests: Sendable {
    static let untimed = Int64.min

    // More are merged into one, since each request is looked up in all.
    private static let tableLimit = 8
    // The last one is added to.
    private var tables = [RecordTable()]

    /// Adds an event of the request with the record's identity: the record itself if the request is new.
    ///
    /// - Parameter record: Made for this event.
    mutating func add(_ record: RequestRecord, _ event: StageEvent) {
        let last = tables.count - 1
        for index in 0..<last {
            if let number = tables[index].number(of: record.identity) {
                return tables[index].note(event, record.kind, for: number)
            }
        }
        tables[last].add(record, event)
    }

    /// Adds all of another collection.
    ///
    /// - Parameter party: The own index of a party of the other collection.
    mutating func add(_ other: consuming AlikeRequests, party: (Int) -> Int) {
        // The requests of the other collection differ, so that only the own ones are searched.
        let own = tables.count
        var added: [RecordTable] = []
        while var theirs = other.tables.popLast() {
            let isKept = own + added.count < Self.tableLimit
            theirs.update { record, events in
                record.party = UInt32(clamping: party(Int(record.party)))
                for index in 0..<own {
                    guard let number = tables[index].number(of: record.identity) else { continue }
                    for event in events { tables[index].note(event, record.kind, for: number) }
                    return record.isRemoved = true
                }
                guard !isKept else { return }
                for event in events { tables[own - 1].add(record, event) }
                record.isRemoved = true
            }
            if isKept { added.append(theirs) }
        }
        tables = added + tables
    }

    /// Visits all records, each with the number of its requests: the largest number of different events in any one stage,
    /// since a request has at most one event per stage, and an event that is read again repeats its stageTimestamp.
    func forEach(_ body: (_ record: RequestRecord, _ requests: Int) -> Void) {
        for table in tables { table.forEach(body) }
    }
}

/// Requests that cannot be told apart, and the first of their events.
struct RequestRecord: Sendable {
    let identity: SipHash128.Digest
    /// When they were received, in microseconds since 1970; `untimed` without a time.
    let time: Int64
    /// The index of the party.
    var party: UInt32
    // 5 bits of the kind, 2 of the stage, whether there are more events, and 24 bits of the microseconds from `time` to the
    // event; all ones if the first event is among the others.
    fileprivate var packed: UInt32

    fileprivate static let hasMore: UInt32 = 1 << 24

    /// A record of one event.
    init(_ identity: SipHash128.Digest, time: Int64, party: Int, _ kind: RequestKind, _ event: StageEvent) {
        self.identity = identity
        self.time = time
        self.party = UInt32(clamping: party)
        packed = UInt32(kind.rawValue) << 27 | event.packed(from: time)
    }

    var kind: RequestKind {
        get { RequestKind(rawValue: UInt8(packed >> 27)) }
        set { packed = packed & 0x7ff_ffff | UInt32(newValue.rawValue) << 27 }
    }

    /// The first event, unless it is among the others.
    fileprivate var first: StageEvent? { StageEvent(packed: packed, from: time) }

    /// Whether the request is counted by another record.
    fileprivate var isRemoved: Bool {
        get { party == .max }
        set { if newValue { party = .max } }
    }
}

/// Records in the order in which they came, in pages, and an open-addressing table that finds them: for each slot a byte
/// of the hash, so that hardly any record is looked at in vain, and the number of the record.
private struct RecordTable: Sendable {
    /// An event besides the first of a record.
    private struct OtherEvent: Sendable, Hashable, Comparable {
        let record: UInt32
        let event: StageEvent

        static func < (one: OtherEvent, other: OtherEvent) -> Bool {
            one.record != other.record ? one.record < other.record : one.event < other.event
        }
    }

    private static let pageBits = 12
    private var pages: [[RequestRecord]] = []
    private var count = 0
    // A power of two of slots. A tag of zero is a free slot.
    private var tags: [UInt8] = []
    private var numbers: [UInt32] = []
    // May hold an event several times, until it has so many.
    private var others: [OtherEvent] = []
    private var othersLimit = 1024

    private subscript(number: Int) -> RequestRecord {
        get { pages[number >> Self.pageBits][number & (1 << Self.pageBits - 1)] }
        _modify { yield &pages[number >> Self.pageBits][number & (1 << Self.pageBits - 1)] }
    }

    mutating func add(_ record: RequestRecord, _ event: StageEvent) {
        // Three quarters full at most.
        if count >= tags.count / 4 * 3 { grow() }
        let (number, slot) = place(of: record.identity)
        if let number { return note(event, record.kind, for: number) }
        precondition(count < UInt32.max, "too many requests")
        tags[slot] = Self.tag(record.identity)
        numbers[slot] = UInt32(count)
        append(record)
        if record.first == nil { note(event, record.kind, for: count - 1) }
    }

    /// Notes an event of a record that is there.
    mutating func note(_ event: StageEvent, _ kind: RequestKind, for number: Int) {
        let known = self[number]
        if kind < known.kind { self[number].kind = kind }
        guard known.first != event else { return }
        self[number].packed |= RequestRecord.hasMore
        others.append(OtherEvent(record: UInt32(number), event: event))
        guard others.count >= othersLimit else { return }
        others = sortedOthers()
        othersLimit = max(othersLimit, 2 * others.count)
    }

    /// Each of the other events once, by record.
    private func sortedOthers() -> [OtherEvent] {
        var different: [OtherEvent] = []
        different.reserveCapacity(others.count)
        for other in others.sorted() where different.last != other { different.append(other) }
        return different
    }

    /// The number of the record of an identity; `nil` if it is in another table.
    func number(of identity: SipHash128.Digest) -> Int? {
        guard !tags.isEmpty, let number = place(of: identity).number, !self[number].isRemoved else { return nil }
        return number
    }

    /// Visits all records with their events.
    func forEach(_ body: (_ record: RequestRecord, _ requests: Int) -> Void) {
        let others = sortedOthers()
        var (number, next) = (UInt32(0), 0)
        for page in pages {
            for record in page {
                var requests = 1
                if record.packed & RequestRecord.hasMore != 0 {
                    var counts = SIMD4<UInt32>()
                    if let first = record.first { counts[first.lane] += 1 }
                    while next < others.count, others[next].record == number {
                        counts[others[next].event.lane] += 1
                        next += 1
                    }
                    requests = Int(counts.max())
                }
                if !record.isRemoved { body(record, requests) }
                number += 1
            }
        }
    }

    /// Changes records, which are given with their events.
    mutating func update(_ body: (_ record: inout RequestRecord, _ events: [StageEvent]) -> Void) {
        let others = sortedOthers()
        var (number, next) = (UInt32(0), 0)
        var events: [StageEvent] = []
        for page in pages.indices {
            for index in pages[page].indices {
                events.removeAll(keepingCapacity: true)
                if let first = pages[page][index].first { events.append(first) }
                while next < others.count, others[next].record == number {
                    events.append(others[next].event)
                    next += 1
                }
                if !pages[page][index].isRemoved { body(&pages[page][index], events) }
                number += 1
            }
        }
    }

    // MARK: The table

    /// The number of the record of an identity; if there is none, its slot.
    private func place(of identity: SipHash128.Digest) -> (number: Int?, slot: Int) {
        let tag = Self.tag(identity)
        let mask = tags.count - 1
        var slot = Int(truncatingIfNeeded: identity.first) & mask
        while tags[slot] != 0 {
            if tags[slot] == tag, self[Int(numbers[slot])].identity == identity { return (Int(numbers[slot]), slot) }
            slot = (slot + 1) & mask
        }
        return (nil, slot)
    }

    private mutating func append(_ record: RequestRecord) {
        if count & (1 << Self.pageBits - 1) == 0 {
            pages.append([])
            // The first page grows as it is needed, since many logs have few such requests.
            if count > 0 { pages[pages.count - 1].reserveCapacity(1 << Self.pageBits) }
        }
        pages[pages.count - 1].append(record)
        count += 1
    }

    private mutating func grow() {
        let size = max(64, tags.count * 2)
        // The old ones are freed first.
        (tags, numbers) = ([], [])
        tags = [UInt8](repeating: 0, count: size)
        numbers = [UInt32](repeating: 0, count: size)
        var number: UInt32 = 0
        for page in pages {
            for record in page {
                var slot = Int(truncatingIfNeeded: record.identity.first) & (size - 1)
                while tags[slot] != 0 { slot = (slot + 1) & (size - 1) }
                tags[slot] = Self.tag(record.identity)
                numbers[slot] = number
                number += 1
            }
        }
    }

    private static func tag(_ identity: SipHash128.Digest) -> UInt8 { UInt8(truncatingIfNeeded: identity.second) | 1 }
}

/// An event of a request: its stage and its time.
struct StageEvent: Sendable, Hashable, Comparable {
    // The lane of the stage in the lowest two bits, the microseconds since 1970 above; or a hash with the highest bit set.
    private let rawValue: UInt64

    private static let isHash: UInt64 = 1 << 63
    /// The largest distance that is packed, all ones, is none.
    private static let packedLimit: Int64 = 1 << 24 - 1

    /// An event whose time is written as an API server does, at one of its known stages.
    init?(lane: Int, at time: Int64) {
        guard lane < 3, (0..<1 << 60).contains(time) else { return nil }
        rawValue = UInt64(time) << 2 | UInt64(lane)
    }

    /// Any event.
    init(stage: String, at time: WrittenTime, key: SipHash128.Key) {
        let lane = StageCounts.lane(of: stage)
        if case .microseconds(let time) = time, let event = StageEvent(lane: lane, at: time) {
            self = event
            return
        }
        var hash = WordHash(key: key)
        hash.combine(stage)
        switch time {
        case .microseconds(let time): hash.combine(UInt64(bitPattern: time))
        case .other(let digest): hash.combine(digest)
        }
        rawValue = hash.digest().first & ~3 | UInt64(lane) | Self.isHash
    }

    /// The index of its stage in `StageCounts`.
    var lane: Int { Int(rawValue & 3) }

    static func < (one: StageEvent, other: StageEvent) -> Bool { one.rawValue < other.rawValue }

    fileprivate func packed(from start: Int64) -> UInt32 {
        let (distance, isTooFar) = Int64(bitPattern: rawValue >> 2).subtractingReportingOverflow(start)
        guard rawValue & Self.isHash == 0, !isTooFar, (0..<Self.packedLimit).contains(distance) else {
            return UInt32(Self.packedLimit)
        }
        return UInt32(lane) << 25 | UInt32(distance)
    }

    fileprivate init?(packed: UInt32, from start: Int64) {
        let distance = Int64(packed & 0xff_ffff)
        guard distance < Self.packedLimit else { return nil }
        rawValue = UInt64(start + distance) << 2 | UInt64(packed >> 25 & 3)
    }
}

/// The analytic of a request and, where it distinguishes them, the credentials; in five bits.
struct RequestKind: Hashable, Comparable {
    /// The number of analytics that can be told apart.
    static let analyticLimit = 8

    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(analytic: Int, _ credentials: Credentials?) {
        let number = credentials.flatMap { Credentials.allCases.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
        rawValue = UInt8(analytic << 2 | number)
    }

    var analytic: Int { Int(rawValue >> 2) }
    var credentials: Credentials? { rawValue & 3 == 0 ? nil : Credentials.allCases[Int(rawValue & 3) - 1] }

    static func < (one: RequestKind, other: RequestKind) -> Bool { one.rawValue < other.rawValue }
}
