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
        /// The index of its counter.
        let index: Int
        /// Its requests within the last hour.
        let requestsLastHour: UInt64
    }

    /// All counters.
    let counters: JoinedPages<SourceCounter>
    /// What is kept of the requests of each source.
    let profiles: SourceProfiles
    /// The selected ones.
    var entries: [Entry] = []
    /// The time to which the last hour refers, in seconds since 1970.
    let now: Double

    /// Selects the counters that fulfil a condition.
    init(
        of counts: Counts, at now: Double,
        where isSelected: (SourceCounter, _ requestsLastHour: UInt64) -> Bool
    ) {
        counters = counts.sources.counters
        profiles = counts.profiles
        self.now = now
        for (index, counter) in counters.enumerated() {
            let requests = counter.requestsLastHour(at: now)
            if isSelected(counter, requests) { entries.append(Entry(index: index, requestsLastHour: requests)) }
        }
        // The order of the counters changes at a restart, that of the sources does not.
        entries.sort { [counters] one, other in
            if one.requestsLastHour != other.requestsLastHour { return one.requestsLastHour > other.requestsLastHour }
            return counters[one.index].source < counters[other.index].source
        }
    }
}

extension SourceCounter {
    /// Whether it is over a threshold. The counter of all other sources never is: its sum says nothing of a single one.
    func isOver(_ threshold: Int, _ requestsLastHour: UInt64) -> Bool {
        source.address != .other && requestsLastHour > UInt64(threshold)
    }
}
