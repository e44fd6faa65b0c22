public import AuditEvents

/// Counts requests by source and outcome, whatever the order in which their events are read.
///
/// The rule is that of `RequestDeduplicator`, which forgets what is long ago. This one forgets nothing, so that logs can
/// be read in any order and on several threads. It remembers a request in about 20 bytes.
///
/// Most events are like an earlier one but for their ID, addresses and times (see `EventView.template`). All that follows
/// from the rest is found once for a template, so that such an event costs the hash of its ID, and no memory but a record.
///
/// ```swift
/// var first = RequestCollection(selection), second = RequestCollection(selection)
/// scanner.scan(lines: some) { event in first.add(event, of: event.selector) }
/// scanner.scan(lines: others) { event in second.add(event, of: event.selector) }
/// first.merge(second)
/// for source in first.sources(within: 3600) { print(source.source.address, source.count) }
/// ```
public struct RequestCollection: Sendable {
    /// Which requests are counted, and for which sources.
    public struct Selection: Sendable {
        /// The outcomes that are counted, at most eight.
        public var analytics: [Analytic]
        /// How requests map to client addresses (trusted proxies).
        public var attribution: SourceAttribution
        /// The requests that are not counted for their sources.
        public var filter: RequestFilter
        /// The times of the requests that are counted, in microseconds since 1970. A request without a time counts.
        public var times: Range<Int64>
        /// Whether the values of the requests are kept; their times are in any case.
        public var keepsValues: Bool
        /// Whether the paths of the requests are kept, for `pathHistories`.
        public var keepsPaths = false
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

    /// The sources of requests, by index; or the entry of the filter that they match.
    private enum Party: Hashable {
        case sources(SourceList)
        case filtered(Int)
    }

    /// Almost all requests have one source.
    private struct SourceList: Hashable {
        var verified: Int
        var claimed: [Int]
    }

    /// The requests of a party.
    private struct PartyFindings {
        let party: Party
        /// The times of the first and the last one, in microseconds since 1970.
        var first = Int64.max
        var last = Int64.min
        var outcomes: OutcomeSet = []

        mutating func note(_ outcome: OutcomeSet, at time: Int64?) {
            outcomes.formUnion(outcome)
            guard let time else { return }
            first = min(first, time)
            last = max(last, time)
        }

        mutating func merge(_ other: PartyFindings) {
            outcomes.formUnion(other.outcomes)
            first = min(first, other.first)
            last = max(last, other.last)
        }
    }

    /// Events whose fields do not tell their request from others; each counts as a request.
    public private(set) var inexactEvents = 0

    /// The outcomes that are counted.
    public var analytics: [Analytic] { selection.analytics }

    private let selection: Selection
    // By analytic.
    private let outcomes: [OutcomeSet]
    private var requests = AlikeRequests()
    private var paths: [RequestKey: UInt64] = [:]
    private var inexact: [(party: Int, kind: RequestKind, path: UInt64, time: Int64?)] = []
    private var parties: [PartyFindings] = []
    private var partyIndex: [Party: Int] = [:]
    private var sources: [Source] = []
    private var values: [DistinctValues] = []
    private var sourceIndex: [Source: Int] = [:]
    private var texts = TextCache()
    private var times = TimeReader()
    private var known = KnownParts()

    /// Nothing was collected yet.
    public init(_ selection: Selection) {
        precondition(selection.analytics.count <= RequestKind.analyticLimit, "too many analytics")
        self.selection = selection
        outcomes = selection.analytics.map { OutcomeSet($0.outcome) }
    }

    /// Adds an event.
    ///
    /// - Parameter analytic: The index of the analytic that selects it.
    public mutating func add(_ event: borrowing EventView, of analytic: Int = 0) {
        guard event.template != 0, event.auditID.count > 0, selection.filter.entries.isEmpty,
            let time = times.microseconds(event.requestReceivedTimestamp),
            let reached = times.microseconds(event.stageTimestamp)
        else { return add(event.copy(), of: analytic) }
        guard selection.times.contains(time) else { return }
        let slot = event.templateSlot
        if known.template(in: slot) != event.template { learnTemplate(of: event, analytic) }
        let list = SipHash128.Digest(of: event.sourceIPList, key: selection.key)
        let place = known.place(ofAddresses: list)
        if known.addresses[place].list != list { learnAddresses(of: event, list, at: place) }
        let addresses = known.addresses[place]
        let party = Int(addresses.party)
        parties[party].note(outcomes[analytic], at: time)
        if selection.keepsValues { noteValues(ofTemplateIn: slot, from: addresses, at: time) }
        let key = RequestKey(
            ofRequest: event.auditID, received: .microseconds(time), at: time, addresses: addresses.identity,
            content: known.templates[slot].content, key: selection.key)
        let stage =
            StageEvent(lane: known.templates[slot].lane, at: reached)
            ?? StageEvent(stage: event.copy().stage, at: .microseconds(reached), key: selection.key)
        // A template holds the message by which credentials are told apart.
        let kind = RequestKind(analytic: analytic, known.templates[slot].credentials)
        if selection.keepsPaths { paths[key] = known.templates[slot].path }
        requests.add(stage, of: key, time: time, party: party, kind)
    }

    /// Adds an event.
    ///
    /// - Parameter analytic: The index of the analytic that selects it.
    public mutating func add(_ event: AuditEvent, of analytic: Int = 0) {
        let received = times.read(event.requestReceivedTimestamp, key: selection.key)
        let reached = times.read(event.stageTimestamp, key: selection.key)
        let time = received.time ?? reached.time
        guard time.map(selection.times.contains) ?? true else { return }
        let party = index(party(of: event))
        if case .sources(let sources) = parties[party].party {
            if selection.keepsValues {
                for value in texts.values(of: event, key: selection.key) {
                    values[sources.verified].insert(value, at: time)
                    for source in sources.claimed { values[source].insert(value, at: time) }
                }
            }
            parties[party].note(outcomes[analytic], at: time)
        }
        let kind = RequestKind(analytic: analytic, credentials(of: event, analytic))
        let path = path(of: event)
        guard event.hasCompleteIdentity else {
            inexactEvents += 1
            inexact.append((party, kind, path, time))
            return
        }
        var auditID = event.auditID
        let key = auditID.withUTF8 {
            RequestKey(
                ofRequest: UnsafeRawBufferPointer($0), received: received.written, at: received.time,
                addresses: SipHash128.Digest(ofAddresses: event.sourceIPs, key: selection.key).first,
                content: SipHash128.Digest(ofContentOf: event, key: selection.key).first, key: selection.key)
        }
        let stage = StageEvent(stage: event.stage, at: reached.written, key: selection.key)
        if selection.keepsPaths { paths[key] = path }
        requests.add(stage, of: key, time: time, party: party, kind)
    }

    /// Adds what another collection with the same selection has.
    public mutating func merge(_ other: consuming RequestCollection) { take(from: &other) }

    /// Adds what another collection with the same selection has, which is empty afterwards. Its memory is freed meanwhile.
    public mutating func take(from other: inout RequestCollection) {
        inexactEvents += other.inexactEvents
        let sources = zip(other.sources, other.values).map { source, values in
            let own = index(source)
            self.values[own].merge(values)
            return own
        }
        let indices = other.parties.map { theirs in
            let own =
                switch theirs.party {
                case .sources(let list):
                    index(
                        .sources(
                            SourceList(verified: sources[list.verified], claimed: list.claimed.map { sources[$0] })))
                case .filtered: index(theirs.party)
                }
            parties[own].merge(theirs)
            return own
        }
        inexact += other.inexact.map { (indices[$0.party], $0.kind, $0.path, $0.time) }
        paths.merge(other.paths) { own, _ in own }
        requests.take(from: &other.requests) { indices[$0] }
        other = RequestCollection(selection)
    }

    // MARK: Templates

    private mutating func learnTemplate(of event: borrowing EventView, _ analytic: Int) {
        let copy = event.copy()
        known.learn(
            KnownTemplate(
                number: event.template, content: SipHash128.Digest(ofContentOf: copy, key: selection.key).first,
                lane: StageCounts.lane(of: copy.stage), credentials: credentials(of: copy, analytic),
                path: path(of: copy),
                values: selection.keepsValues ? texts.values(of: copy, key: selection.key) : []),
            in: event.templateSlot)
    }

    private mutating func learnAddresses(
        of event: borrowing EventView, _ list: SipHash128.Digest, at place: Int
    ) {
        let addresses = event.copySourceIPs()
        let party = index((sources: selection.attribution.sources(of: addresses), filtered: nil))
        var known = KnownAddresses(
            list: list, identity: SipHash128.Digest(ofAddresses: addresses, key: selection.key).first,
            party: UInt32(party))
        if case .sources(let sources) = parties[party].party {
            (known.source, known.hasClaims) = (UInt32(sources.verified), !sources.claimed.isEmpty)
        }
        self.known.addresses[place] = known
    }

    private mutating func noteValues(ofTemplateIn slot: Int, from addresses: KnownAddresses, at time: Int64) {
        noteValues(ofTemplateIn: slot, of: Int(addresses.source), at: time)
        guard addresses.hasClaims, case .sources(let list) = parties[Int(addresses.party)].party else { return }
        for source in list.claimed { noteValues(ofTemplateIn: slot, of: source, at: time) }
    }

    private mutating func noteValues(ofTemplateIn slot: Int, of source: Int, at time: Int64) {
        guard known.isNew(valuesOfTemplateIn: slot, for: source, at: time) else { return }
        known.templates[slot].values.forEach { values[source].insert($0, at: time) }
    }

    /// The hash of the path; zero without a path, and if paths are not kept.
    private func path(of event: AuditEvent) -> UInt64 {
        selection.keepsPaths ? RecentPaths.hash(ofPathIn: event, key: selection.key) ?? 0 : 0
    }

    private func credentials(of event: AuditEvent, _ analytic: Int) -> Credentials? {
        selection.analytics[analytic].distinguishesCredentials ? event.credentials : nil
    }

    // MARK: Results

    /// Requests that matched an entry of the filter and were not counted for their sources, by the name of the entry.
    /// Entries without requests are left out.
    public var filteredRequests: [String: Int] {
        guard !selection.filter.entries.isEmpty else { return [:] }
        var filtered: [String: Int] = [:]
        forEachRequest { party, _, _, count in
            guard case .filtered(let entry) = parties[party].party else { return }
            filtered[selection.filter.entries[entry].name, default: 0] += count
        }
        return filtered
    }

    /// The sources with their counts: those with the most requests first, then by address.
    ///
    /// - Parameter seconds: The length of the window: the count is the highest number of requests within any of that
    ///   length, by the time of the requests; those without a time are in each window. `nil` to count all requests.
    public func sources(within seconds: Double?) -> [CollectedSource] {
        let window = seconds.map { Int64(min($0 * 1_000_000, 0x1p62)) }
        var found = zip(sources, values).map { SourceFindings($0, values: $1) }
        let analytics = selection.analytics.count
        // By party first: there are far fewer parties than requests.
        var ofParties = WindowCounts(sources: parties.count, analytics: analytics)
        forEachRequest { party, kind, time, count in
            ofParties.add(count, of: party, kind.analytic, isTimed: time != nil)
        }
        var counts = WindowCounts(sources: sources.count, analytics: analytics)
        for (index, party) in parties.enumerated() {
            forEachSource(of: party.party) {
                found[$0].merge(first: party.first, last: party.last, party.outcomes)
                counts.add(ofParties, of: index, to: $0)
            }
        }
        if let window, !found.allSatisfy({ $0.isWithin(window) }) { findHighest(within: window, &counts) }
        return found.indices.map { CollectedSource(found[$0], counts.highest(of: $0)) }.sorted { $0.precedes($1) }
    }

    /// Moves a window over all requests.
    ///
    /// - Parameter window: In microseconds; two requests that are exactly so far apart are not in one window.
    private func findHighest(within window: Int64, _ counts: inout WindowCounts) {
        var others: [TimedRequests] = []
        requests.forEachUntimed { if let time = $0.time { others.append(TimedRequests($0, at: time)) } }
        for request in inexact {
            guard let time = request.time else { continue }
            others.append(TimedRequests(time: time, party: request.party, analytic: request.kind.analytic, count: 1))
        }
        others.sort { $0.time < $1.time }
        var end = Timeline(requests.inOrder(), others)
        var start = end
        var oldest = start.next()
        counts.beginWindow()
        while let request = end.next() {
            while let old = oldest, request.time - old.time >= window, old.time < request.time {
                forEachSource(of: parties[old.party].party) { counts.leave(old.count, of: $0, old.analytic) }
                oldest = start.next()
            }
            forEachSource(of: parties[request.party].party) { counts.enter(request.count, of: $0, request.analytic) }
        }
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
            guard kind.analytic == analytic, case .sources = parties[party].party else { return }
            guard let time else { return untimed += count }
            guard plausible.contains(time) else { return mistimed += count }
            forEachSource(of: parties[party].party) {
                times[SourceSubject(sources[$0], kind.credentials), default: []].append((time, count))
            }
        }
        return RequestHistory(
            times.map { ($0.key, $0.value) }, untimedRequests: untimed, mistimedRequests: mistimed)
    }

    /// When each source asked for which paths, over all analytics: the sources by address.
    ///
    /// - Parameter plausible: As in `history`.
    public func pathHistories(within plausible: ClosedRange<Int64>) -> [PathHistory] {
        var histories: [Source: [PathHistory.Request]] = [:]
        let add = { (party: Int, path: UInt64, time: Int64?, count: Int) in
            guard let time, plausible.contains(time) else { return }
            forEachSource(of: parties[party].party) {
                histories[sources[$0], default: []].append(.init(time: time, path: path, count: count))
            }
        }
        requests.forEach { add($0.party, paths[$0.key] ?? 0, $0.time, $0.count) }
        for request in inexact { add(request.party, request.path, request.time, 1) }
        return histories.map { PathHistory(of: $0.key, $0.value) }.sorted {
            SourceSubject($0.source).precedes($1.source)
        }
    }

    /// - Parameter body: Takes requests of one party at one time, and their number.
    private func forEachRequest(_ body: (_ party: Int, _ kind: RequestKind, _ time: Int64?, _ count: Int) -> Void) {
        requests.forEach { body($0.party, $0.kind, $0.time, $0.count) }
        for request in inexact { body(request.party, request.kind, request.time, 1) }
    }

    private func forEachSource(of party: Party, _ body: (Int) -> Void) {
        guard case .sources(let list) = party else { return }
        body(list.verified)
        for source in list.claimed { body(source) }
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
        if let entry = party.filtered { return index(.filtered(entry)) }
        let indices = party.sources.map { index($0) }
        return index(.sources(SourceList(verified: indices[0], claimed: Array(indices.dropFirst()))))
    }

    private mutating func index(_ party: Party) -> Int {
        if let known = partyIndex[party] { return known }
        partyIndex[party] = parties.count
        parties.append(PartyFindings(party: party))
        return parties.count - 1
    }

    private mutating func index(_ source: Source) -> Int {
        if let known = sourceIndex[source] { return known }
        sourceIndex[source] = sources.count
        sources.append(source)
        values.append(DistinctValues())
        return sources.count - 1
    }
}
