public import AuditEvents

/// Counts requests by source and outcome, whatever the order in which their events are read.
///
/// The rule is that of `RequestDeduplicator`, which forgets what is long ago. This one forgets nothing, so that logs can
/// be read in any order and on several threads. It remembers a request as hashes, in about 200 bytes.
///
/// ```swift
/// var first = RequestCollection(selection), second = RequestCollection(selection)
/// for selected in scanned.events { first.add(selected.event, of: selected.selector) }
/// for selected in others.events { second.add(selected.event, of: selected.selector) }
/// first.merge(second)
/// for source in first.sources(within: 3600) { print(source.source.address, source.count) }
/// ```
public struct RequestCollection: Sendable {
    /// Which requests are counted, and for which sources.
    public struct Selection: Sendable {
        /// The outcomes that are counted, at most 64.
        public var analytics: [Analytic]
        /// How requests map to client addresses (trusted proxies).
        public var attribution: SourceAttribution
        /// The requests that are not counted for their sources.
        public var filter: RequestFilter
        /// The times of the requests that are counted, in microseconds since 1970. A request without a time counts.
        public var times: Range<Int64>
        /// Whether the values of the requests are kept; their times are in any case.
        public var keepsValues: Bool
        /// The key of the hashes; the same for collections that are merged.
        public var key: SipHash128.Key

        /// All requests, unless something else is given.
        public init(
            of analytics: [Analytic] = [.forbidden], attribution: SourceAttribution = SourceAttribution(),
            filter: RequestFilter = RequestFilter(),
            times: Range<Int64> = .min ..< .max, keepsValues: Bool = true, key: SipHash128.Key = .random()
        ) {
            self.analytics = analytics
            self.attribution = attribution
            self.filter = filter
            self.times = times
            self.keepsValues = keepsValues
            self.key = key
        }
    }

    /// Alike requests. There can be millions of them, so they are small.
    private struct Record {
        var party: UInt32
        var kind: Kind
        /// The hash of the path; zero without a path.
        var path: UInt64
        /// `untimed` without a time.
        var time: Int64
        var events: StageEvents

        init(party: Int, _ kind: Kind, path: UInt64, time: Int64?) {
            self.party = UInt32(clamping: party)
            self.kind = kind
            self.path = path
            self.time = time ?? RequestCollection.untimed
            events = StageEvents()
        }
    }

    /// The analytic of a request and, where it distinguishes them, the credentials; in one byte.
    private struct Kind: Hashable, Comparable {
        private let rawValue: UInt8

        init(analytic: Int, _ credentials: Credentials?) {
            let number = credentials.flatMap { Credentials.allCases.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
            rawValue = UInt8(analytic << 2 | number)
        }

        var analytic: Int { Int(rawValue >> 2) }
        var credentials: Credentials? { rawValue & 3 == 0 ? nil : Credentials.allCases[Int(rawValue & 3) - 1] }

        static func < (one: Kind, other: Kind) -> Bool { one.rawValue < other.rawValue }
    }

    private static let untimed = Int64.min

    /// The sources of a request, by index; or the entry of the filter that it matches.
    private enum Party: Hashable {
        case sources([Int])
        case filtered(Int)
    }

    /// Events whose fields do not tell their request from others; each counts as a request.
    public private(set) var inexactEvents = 0

    /// The outcomes that are counted.
    public var analytics: [Analytic] { selection.analytics }

    private let selection: Selection
    private var records: [RequestIdentity: Record] = [:]
    private var inexact: [(party: Int, kind: Kind, path: UInt64, time: Int64?)] = []
    private var parties: [Party] = []
    private var partyIndex: [Party: Int] = [:]
    private var findings: [SourceFindings] = []
    private var sourceIndex: [Source: Int] = [:]
    private var texts = TextCache()

    /// Nothing was collected yet.
    public init(_ selection: Selection) {
        self.selection = selection
    }

    /// Adds an event.
    ///
    /// - Parameter analytic: The index of the analytic that selects it.
    public mutating func add(_ event: AuditEvent, of analytic: Int = 0) {
        let time = Self.time(of: event)
        guard time.map(selection.times.contains) ?? true else { return }
        let party = index(party(of: event))
        let (outcome, hasCredentials) = (
            selection.analytics[analytic].outcome, selection.analytics[analytic].distinguishesCredentials
        )
        let kind = Kind(analytic: analytic, hasCredentials ? event.credentials : nil)
        if case .sources(let sources) = parties[party] {
            if selection.keepsValues {
                for value in texts.values(of: event, key: selection.key) {
                    for source in sources { findings[source].values.insert(value, at: time) }
                }
            }
            for source in sources { findings[source].note(outcome, at: time) }
        }
        let path = RecentPaths.hash(ofPathIn: event, key: selection.key) ?? 0
        guard event.hasCompleteIdentity else {
            inexactEvents += 1
            inexact.append((party, kind, path, time))
            return
        }
        let request = RequestIdentity(of: event, key: selection.key)
        let identity = EventIdentity(of: event, request: request, key: selection.key)
        var record = records[request] ?? Record(party: party, kind, path: path, time: time)
        record.kind = min(record.kind, kind)
        record.events.insert(identity, stage: event.stage)
        records[request] = record
    }

    /// Adds what another collection with the same selection has.
    public mutating func merge(_ other: RequestCollection) {
        inexactEvents += other.inexactEvents
        let sources = other.findings.map { theirs in
            if let known = sourceIndex[theirs.source] {
                findings[known].merge(theirs)
                return known
            }
            // Its values are shared, not copied.
            sourceIndex[theirs.source] = findings.count
            findings.append(theirs)
            return findings.count - 1
        }
        let parties = other.parties.map { party in
            switch party {
            case .sources(let theirs): index(.sources(theirs.map { sources[$0] }))
            case .filtered: index(party)
            }
        }
        inexact += other.inexact.map { (parties[$0.party], $0.kind, $0.path, $0.time) }
        for (identity, theirs) in other.records {
            var record =
                records[identity]
                ?? Record(party: parties[Int(theirs.party)], theirs.kind, path: theirs.path, time: theirs.time)
            record.kind = min(record.kind, theirs.kind)
            record.events.formUnion(theirs.events)
            records[identity] = record
        }
    }

    // MARK: Results

    /// Requests that matched an entry of the filter and were not counted for their sources, by the name of the entry.
    /// Entries without requests are left out.
    public var filteredRequests: [String: Int] {
        var filtered: [String: Int] = [:]
        forEachRequest { party, _, _, count in
            guard case .filtered(let entry) = parties[party] else { return }
            filtered[selection.filter.entries[entry].name, default: 0] += count
        }
        return filtered
    }

    /// The sources with their counts: those with the most requests first, then by address.
    ///
    /// - Parameter seconds: The length of the window: the count is the highest number of requests within any of that
    ///   length, by the time of the requests; those without a time are in each window. `nil` to count all requests.
    public func sources(within seconds: Double?) -> [CollectedSource] {
        var times = [RequestTimes](repeating: RequestTimes(), count: findings.count)
        forEachRequest { party, kind, time, count in
            guard case .sources(let sources) = parties[party] else { return }
            for source in sources { times[source].add(count, of: kind.analytic, at: time) }
        }
        let window = seconds.map { Int64(min($0 * 1_000_000, 0x1p62)) }
        return zip(findings, times).map { findings, times in
            CollectedSource(findings, times, within: window, analytics: selection.analytics.count)
        }
        .sorted { $0.precedes($1) }
    }

    /// When the requests of each source, and of each network, were made.
    ///
    /// - Parameters:
    ///   - analytic: The index of the analytic whose requests are wanted.
    ///   - plausible: Times that are not wrong, in microseconds since 1970. Requests at other times are left out.
    public func history(of analytic: Int = 0, within plausible: ClosedRange<Int64>) -> RequestHistory {
        var times: [SourceSubject: [(time: Int64, count: Int)]] = [:]
        var (untimed, mistimed) = (0, 0)
        forEachRequest { party, kind, time, count in
            guard kind.analytic == analytic, case .sources(let sources) = parties[party] else { return }
            guard let time else { return untimed += count }
            guard plausible.contains(time) else { return mistimed += count }
            for source in sources {
                times[SourceSubject(findings[source].source, kind.credentials), default: []].append((time, count))
            }
        }
        return RequestHistory(
            times.map { ($0.key, $0.value) }, untimedRequests: untimed, mistimedRequests: mistimed)
    }

    /// When each source asked for which paths, over all analytics: the sources by address.
    ///
    /// - Parameter plausible: As in `history`.
    public func pathHistories(within plausible: ClosedRange<Int64>) -> [PathHistory] {
        var requests: [Source: [PathHistory.Request]] = [:]
        let add = { (party: Int, path: UInt64, time: Int64, count: Int) in
            guard case .sources(let sources) = parties[party], plausible.contains(time) else { return }
            for source in sources {
                requests[findings[source].source, default: []].append(.init(time: time, path: path, count: count))
            }
        }
        // A record without a time has one that is not plausible.
        for record in records.values { add(Int(record.party), record.path, record.time, record.events.requests) }
        for request in inexact { add(request.party, request.path, request.time ?? Self.untimed, 1) }
        return requests.map { PathHistory(of: $0.key, $0.value) }.sorted {
            SourceSubject($0.source).precedes($1.source)
        }
    }

    /// - Parameter body: Takes requests of one party at one time, and their number.
    private func forEachRequest(_ body: (_ party: Int, _ kind: Kind, _ time: Int64?, _ count: Int) -> Void) {
        for record in records.values {
            body(
                Int(record.party), record.kind, record.time == Self.untimed ? nil : record.time, record.events.requests)
        }
        for request in inexact { body(request.party, request.kind, request.time, 1) }
    }

    // MARK: Sources

    private func party(of event: AuditEvent) -> (sources: [Source], filtered: Int?) {
        let sources = selection.attribution.sources(of: event.sourceIPs)
        guard let verified = sources.first, let entry = selection.filter.entry(matching: event, from: verified) else {
            return (sources, nil)
        }
        return (sources, selection.filter.entries.firstIndex(of: entry))
    }

    private mutating func index(_ party: (sources: [Source], filtered: Int?)) -> Int {
        index(party.filtered.map { .filtered($0) } ?? .sources(party.sources.map { index($0) }))
    }

    private mutating func index(_ party: Party) -> Int {
        if let known = partyIndex[party] { return known }
        partyIndex[party] = parties.count
        parties.append(party)
        return parties.count - 1
    }

    private mutating func index(_ source: Source) -> Int {
        if let known = sourceIndex[source] { return known }
        sourceIndex[source] = findings.count
        findings.append(SourceFindings(source))
        return findings.count - 1
    }

    /// When a request reached the API server, in microseconds since 1970; without that time, when it reached its stage.
    private static func time(of event: AuditEvent) -> Int64? {
        time(event.requestReceivedTimestamp) ?? time(event.stageTimestamp)
    }

    /// A time before 1970 is none: Go writes the year 1 for a time that was never set.
    private static func time(_ text: String) -> Int64? {
        guard let time = EventTimestamp(text), time.secondsSince1970 >= 0 else { return nil }
        return Int64((time.secondsSince1970 * 1_000_000).rounded())
    }
}

/// The different events of alike requests: a request has at most one event per stage, and an event that is read again
/// repeats its stageTimestamp.
struct StageEvents: Sendable {
    // Most requests have one event. The hash holds the stage's lane in its lowest bits; zero is no event.
    private var first: UInt64 = 0
    private var others: Set<UInt64> = []

    mutating func insert(_ event: EventIdentity, stage: String) {
        // Bit 2 is set, so that no hash is zero.
        insert(event.digest.first & ~3 | 4 | UInt64(StageCounts.lane(of: stage)))
    }

    mutating func formUnion(_ other: StageEvents) {
        if other.first != 0 { insert(other.first) }
        for event in other.others { insert(event) }
    }

    private mutating func insert(_ event: UInt64) {
        guard event != first else { return }
        if first == 0 { first = event } else { others.insert(event) }
    }

    /// The number of requests: the largest number of different events in any one stage.
    var requests: Int {
        guard first != 0 else { return 0 }
        var counts = SIMD4<Int>()
        counts[Int(first & 3)] += 1
        for event in others { counts[Int(event & 3)] += 1 }
        return counts.max()
    }
}
