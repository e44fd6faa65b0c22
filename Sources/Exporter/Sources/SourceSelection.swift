import AccessScanning
import HTTPServing

/// A part of a request that cannot be used.
struct InvalidParameter: Error, Hashable, CustomStringConvertible {
    /// The part, such as `Invalid parameter "limit"`.
    let heading: String
    /// The part and what is expected. Text of the client has visible escapes.
    let description: String

    /// An address in a path.
    static func address(_ text: String) -> InvalidParameter {
        InvalidParameter(
            heading: "Invalid address",
            description: "\"\(text.withVisibleEscapes)\" is not an IP address, invalid or other")
    }

    /// A parameter of the query.
    static func parameter(_ name: String, _ text: String, isNot expected: String) -> InvalidParameter {
        InvalidParameter(
            heading: "Invalid parameter \"\(name)\"",
            description: "invalid parameter \"\(name)\": \"\(text.withVisibleEscapes)\" is not \(expected)")
    }

    /// The query as a whole.
    static let query = InvalidParameter(
        heading: "Invalid query", description: "the query is not UTF-8 in percent escapes")
}

extension HTTPQuery {
    /// A whole number, zero or more.
    func number(_ name: String) throws(InvalidParameter) -> Int? {
        guard let text = self[name] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
            throw .parameter(name, text, isNot: "a whole number")
        }
        return number
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _: Choice.Type
    ) throws(InvalidParameter) -> Choice? where Choice.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue)
            throw .parameter(
                name, text, isNot: choices.dropLast().joined(separator: ", ") + " or " + (choices.last ?? ""))
        }
        return choice
    }
}

/// The sources of a snapshot that a client asks for, those with the most requests within the last hour first.
struct SourceSelection: Sendable {
    /// A source of the snapshot.
    struct Entry: Sendable {
        /// The source.
        let source: Source
        /// Its requests of the chosen outcomes within the last hour.
        fileprivate(set) var requestsLastHour: UInt64 = 0
        // Where its counters are: the index of the analytic, and that of the counter.
        fileprivate var places: [(analytic: Int32, counter: Int32)] = []
    }

    /// The selected ones.
    var entries: [Entry] = []
    /// The outcomes that were asked for.
    let outcome: OutcomeChoice
    /// The time to which the last hour refers, in seconds since 1970.
    let now: Double

    private let analytics: [AnalyticCounts]
    private let profiles: SourceProfiles

    /// Selects the sources that have a counter of a chosen outcome and fulfil a condition.
    ///
    /// - Parameters:
    ///   - address: The address of the sources; any if it is `nil`.
    ///   - now: Seconds since 1970.
    init(
        of counts: Counts, outcome: OutcomeChoice, address: SourceAddress? = nil, at now: Double,
        where isSelected: (SourceActivity, _ requestsLastHour: UInt64) -> Bool = { _, _ in true }
    ) {
        analytics = counts.analytics
        profiles = counts.profiles
        self.outcome = outcome
        self.now = now
        for var entry in Self.sources(of: analytics, outcome, address) {
            let activity = activity(of: entry)
            entry.requestsLastHour = activity.requestsLastHour(at: now).sum(outcome)
            if isSelected(activity, entry.requestsLastHour) { entries.append(entry) }
        }
        // The order of the counters changes at a restart, that of the sources does not.
        entries.sort { one, other in
            if one.requestsLastHour != other.requestsLastHour { return one.requestsLastHour > other.requestsLastHour }
            return one.source < other.source
        }
    }

    /// The sources that have a counter of a chosen outcome, with the counters of all outcomes.
    private static func sources(
        of analytics: [AnalyticCounts], _ choice: OutcomeChoice, _ address: SourceAddress?
    ) -> [Entry] {
        var entries: [Entry] = []
        var places: [Source: Int] = [:]
        // The chosen outcomes come first, so that sources without them are known as such.
        let order = analytics.indices.sorted { one, other in
            let (isOneChosen, isOtherChosen) = (
                choice.includes(analytics[one].analytic.outcome), choice.includes(analytics[other].analytic.outcome)
            )
            return isOneChosen != isOtherChosen ? isOneChosen : one < other
        }
        for analytic in order {
            let isChosen = choice.includes(analytics[analytic].analytic.outcome)
            for (index, counter) in analytics[analytic].sources.counters.enumerated() {
                let source = counter.source
                guard address == nil || source.address == address else { continue }
                var place = places[source]
                if place == nil, isChosen {
                    place = entries.count
                    places[source] = place
                    entries.append(Entry(source: source))
                }
                if let place { entries[place].places.append((Int32(clamping: analytic), Int32(clamping: index))) }
            }
        }
        return entries
    }

    /// What is known of a source.
    func activity(of entry: Entry) -> SourceActivity {
        let counters = entry.places.map { place in
            let counts = analytics[Int(place.analytic)]
            return (outcome: counts.analytic.outcome, counter: counts.sources.counters[Int(place.counter)])
        }
        let order = { (one: (outcome: Outcome, counter: SourceCounter)) in
            (
                Outcome.allCases.firstIndex(of: one.outcome) ?? 0,
                one.counter.credentials.flatMap { Credentials.allCases.firstIndex(of: $0) } ?? 0
            )
        }
        return SourceActivity(
            source: entry.source, choice: outcome,
            counters: counters.count == 1 ? counters : counters.sorted { order($0) < order($1) },
            profile: profiles.profile(of: entry.source))
    }

    /// Sorts by a value of the sources; equal ones keep their order.
    ///
    /// - Parameter isAscending: Whether the smallest value is first.
    mutating func sort<Value: Comparable>(ascending isAscending: Bool, by value: (SourceActivity) -> Value) {
        // The standard library's sort is stable in fact, but does not promise it.
        entries = entries.enumerated().map { (value: value(activity(of: $1)), place: $0, entry: $1) }.sorted {
            one, other in
            if one.value != other.value { return isAscending ? one.value < other.value : one.value > other.value }
            return one.place < other.place
        }.map(\.entry)
    }

    /// The memory that is kept with it, in bytes: later snapshots may share no page with this one.
    var memory: Int {
        let counters = analytics.reduce(0) { $0 + $1.sources.counters.count }
        return counters * (MemoryLayout<SourceCounter>.stride + MemoryLayout<SourceProfile>.stride)
            + entries.count * (MemoryLayout<Entry>.stride + 64)
    }
}
