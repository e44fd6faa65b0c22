import AuditEvents

/// The requests of logs, in the order of time: 20 bytes for each, since there can be millions of them.
///
/// The time at which a request was received is a part of its identity. So all events of a request belong to one place in
/// that order, and a hash of 64 bits tells it from the requests that were received in the same microsecond. Logs are almost
/// in the order of time: almost all requests are added behind the one before, so that pages are full and what is searched
/// is in the processor's cache. Collections of threads, which read different parts of a log, are merged page by page.
struct AlikeRequests: Sendable {
    /// Requests that cannot be told apart.
    struct Found {
        let key: RequestKey
        /// In microseconds since 1970; `nil` without a time.
        let time: Int64?
        let party: Int
        let kind: RequestKind
        /// The number of requests: the largest number of different events in any one stage, since a request has at most
        /// one event per stage, and an event that is read again repeats its stageTimestamp.
        let count: Int
    }

    /// An event besides the first of a request.
    fileprivate struct OtherEvent: Sendable, Hashable, Comparable {
        let key: RequestKey
        let event: StageEvent

        static func < (one: OtherEvent, other: OtherEvent) -> Bool {
            one.key != other.key ? one.key < other.key : one.event < other.event
        }
    }

    /// A request without a time at which it was received: hardly any log has one.
    private struct Untimed: Sendable {
        var time: Int64?
        var party: Int
        var kind: RequestKind
        var events: Set<StageEvent>

        mutating func merge(_ other: Untimed) {
            time = [time, other.time].compactMap(\.self).min()
            kind = min(kind, other.kind)
            events.formUnion(other.events)
        }
    }

    // By their first requests. None is empty.
    private var pages: [RequestPage] = []
    // The page that was used last.
    private var current = 0
    // May hold an event several times, and in any order, until it has so many.
    private var others: [OtherEvent] = []
    private var othersLimit = 1024
    private var areOthersSorted = true
    private var untimed: [RequestKey: Untimed] = [:]

    /// Adds an event of a request.
    ///
    /// - Parameter time: The time of the request, if the key has none.
    mutating func add(_ event: StageEvent, of key: RequestKey, time: Int64?, party: Int, _ kind: RequestKind) {
        guard key.isTimed else {
            let request = Untimed(time: time, party: party, kind: kind, events: [event])
            if untimed[key]?.merge(request) == nil { untimed[key] = request }
            return
        }
        let page = page(for: key)
        current = page
        guard page < pages.count else {
            // It grows as it is needed, since many logs have few requests.
            pages.append(RequestPage(key, RequestRecord(key, party: party, kind, event), capacity: 1))
            return noteUnlessFirst(event, of: key)
        }
        let (index, isKnown) = pages[page].place(of: key)
        if isKnown {
            note(event, kind, of: key, at: index, in: page)
        } else {
            insert(RequestRecord(key, party: party, kind, event), key, at: index, in: page)
            noteUnlessFirst(event, of: key)
        }
    }

    /// The most records of a page. Records are moved in memory when one is inserted before them, and so are pages: both
    /// are few.
    private var pageLimit: Int { max(256, pages.count / 4) }

    /// The index of the page that has the key, or whose range is next to it.
    private func page(for key: RequestKey) -> Int {
        if current < pages.count, pages[current].start <= key,
            current + 1 == pages.count || key < pages[current + 1].start
        {
            return current
        }
        // The last page that does not begin behind the key, or the first one.
        var (low, high) = (0, pages.count)
        while low < high {
            let middle = (low + high) / 2
            if key < pages[middle].start { high = middle } else { low = middle + 1 }
        }
        return max(0, low - 1)
    }

    private mutating func insert(_ record: RequestRecord, _ key: RequestKey, at index: Int, in page: Int) {
        if pages[page].insert(record, key, at: index, limit: pageLimit) { return }
        if index == pages[page].count {
            pages.insert(RequestPage(key, record, capacity: pageLimit), at: page + 1)
            current = page + 1
        } else if index == 0 {
            pages.insert(RequestPage(key, record, capacity: pageLimit), at: page)
        } else {
            // Most requests that come late belong near the end, and what is before it stays full.
            let count = pages[page].count
            let cut = index > count - count / 8 ? count - count / 8 : count / 2
            pages.insert(pages[page].removeEnd(from: cut), at: page + 1)
            let isBehind = index > cut
            insert(record, key, at: isBehind ? index - cut : index, in: isBehind ? page + 1 : page)
        }
    }

    /// Notes an event that a new record could not store.
    private mutating func noteUnlessFirst(_ event: StageEvent, of key: RequestKey) {
        if !event.isPacked(from: key.time) { note(OtherEvent(key: key, event: event)) }
    }

    private mutating func note(
        _ event: StageEvent, _ kind: RequestKind, of key: RequestKey, at index: Int, in page: Int
    ) {
        if pages[page].note(event, kind, at: index, time: key.time) { note(OtherEvent(key: key, event: event)) }
    }

    private mutating func note(_ other: OtherEvent) {
        others.append(other)
        areOthersSorted = false
        guard others.count >= othersLimit else { return }
        sortOthers()
        othersLimit = max(othersLimit, 2 * others.count)
    }

    /// Keeps each of the other events once, by request. They are sorted in place, since they can be many.
    private mutating func sortOthers() {
        guard !areOthersSorted else { return }
        others.sort()
        var kept = 0
        for index in others.indices where kept == 0 || others[kept - 1] != others[index] {
            others[kept] = others[index]
            kept += 1
        }
        others.removeLast(others.count - kept)
        areOthersSorted = true
    }

    /// Visits all requests: those with a time at which they were received by that time, then the others.
    func forEach(_ body: (Found) -> Void) {
        var timed = inOrder()
        while let found = timed.next() { body(found) }
        forEachUntimed(body)
    }

    /// The requests with a time at which they were received, by that time.
    func inOrder() -> InOrder {
        var sorted = self
        sorted.sortOthers()
        return InOrder(pages, others: sorted.others)
    }

    /// Visits the other requests; they may have a time all the same.
    func forEachUntimed(_ body: (Found) -> Void) {
        for (key, request) in untimed {
            var counts = SIMD4<UInt32>()
            for event in request.events { counts[event.lane] += 1 }
            body(
                Found(key: key, time: request.time, party: request.party, kind: request.kind, count: Int(counts.max())))
        }
    }

    /// Requests by the time at which they were received.
    struct InOrder: IteratorProtocol {
        private let pages: [RequestPage]
        private let others: [OtherEvent]
        private var page = 0
        private var index = 0
        private var other = 0

        fileprivate init(_ pages: [RequestPage], others: [OtherEvent]) {
            self.pages = pages
            self.others = others
        }

        mutating func next() -> Found? {
            guard page < pages.count else { return nil }
            let (key, record) = (pages[page].key(at: index), pages[page].record(at: index))
            index += 1
            if index == pages[page].count { (page, index) = (page + 1, 0) }
            return Found(
                key: key, time: key.time, party: record.party, kind: record.kind,
                count: record.hasMore ? count(of: record, key) : 1)
        }

        private mutating func count(of record: RequestRecord, _ key: RequestKey) -> Int {
            var counts = SIMD4<UInt32>()
            let first = record.first(from: key.time)
            if let first { counts[first.lane] += 1 }
            while other < others.count, others[other].key == key {
                // Where collections were merged, the first one may be among them.
                if others[other].event != first { counts[others[other].event.lane] += 1 }
                other += 1
            }
            return Int(counts.max())
        }
    }
}

extension AlikeRequests {
    /// Adds all of another collection, which is empty afterwards.
    ///
    /// - Parameter party: The own index of a party of the other collection.
    mutating func take(from other: inout AlikeRequests, party: (Int) -> Int) {
        defer { other = AlikeRequests() }
        for (key, request) in other.untimed {
            var request = request
            request.party = party(request.party)
            if untimed[key]?.merge(request) == nil { untimed[key] = request }
        }
        let count = others.count + other.others.count
        // A few more are found where both have events of a request.
        others.reserveCapacity(count + count / 8)
        for event in other.others { note(event) }
        other.others = []
        for page in other.pages.indices { other.pages[page].changeParties(party) }
        var (one, two) = (PageReader(pages), PageReader(other.pages))
        (pages, other.pages, current) = ([], [], 0)
        while let first = one.next, let second = two.next {
            if first == second {
                let (record, theirs) = (one.takeRecord(), two.takeRecord())
                append(record, first)
                let (page, index) = (pages.count - 1, pages[pages.count - 1].count - 1)
                if theirs.hasMore { pages[page].noteMore(at: index) }
                guard let event = theirs.first(from: first.time) else {
                    pages[page].note(theirs.kind, at: index)
                    continue
                }
                note(event, theirs.kind, of: first, at: index, in: page)
            } else if first < second {
                take(from: &one, before: second)
            } else {
                take(from: &two, before: first)
            }
        }
        while let next = one.next { take(from: &one, at: next) }
        while let next = two.next { take(from: &two, at: next) }
        sortOthers()
    }

    /// Takes a whole page if nothing belongs between its requests, or else one request.
    private mutating func take(from reader: inout PageReader, before other: RequestKey) {
        guard let next = reader.next else { return }
        if let page = reader.takePage(before: other) {
            pages.append(page)
        } else {
            append(reader.takeRecord(), next)
        }
    }

    private mutating func take(from reader: inout PageReader, at next: RequestKey) {
        if let page = reader.takePage(before: nil) {
            pages.append(page)
        } else {
            append(reader.takeRecord(), next)
        }
    }

    /// Adds a record behind all others.
    private mutating func append(_ record: RequestRecord, _ key: RequestKey) {
        if let last = pages.indices.last,
            pages[last].insert(record, key, at: pages[last].count, limit: pageLimit)
        {
            return
        }
        pages.append(RequestPage(key, record, capacity: 1))
    }
}

/// Identifies a request among those of a collection.
struct RequestKey: Sendable, Hashable, Comparable {
    /// When it was received, in microseconds since 1970; negative bits of the hash if that is not known.
    let time: Int64
    let hash: UInt64

    /// The key of a request without a time at which it was received.
    init(untimed identity: SipHash128.Digest) {
        time = Int64(bitPattern: identity.second) | .min
        hash = identity.first
    }

    /// The key of a request that was received at a time, not before 1970.
    init(time: Int64, hash: UInt64) {
        self.time = time
        self.hash = hash
    }

    /// Whether it has the time at which the request was received.
    var isTimed: Bool { time >= 0 }

    static func < (one: RequestKey, other: RequestKey) -> Bool {
        one.time != other.time ? one.time < other.time : one.hash < other.hash
    }
}
