import AccessScanning
import HTTPServing

/// A parameter of a query that cannot be used.
struct InvalidParameter: Error, Hashable, CustomStringConvertible {
    /// The parameter and what is expected.
    let description: String
}

extension HTTPQuery {
    /// A whole number, zero or more.
    func number(_ name: String) throws(InvalidParameter) -> Int? {
        guard let text = self[name] else { return nil }
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
            throw InvalidParameter(
                description: "invalid parameter \"\(name)\": \"\(text.withVisibleEscapes)\" is not a whole number")
        }
        return number
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, _: Choice.Type
    ) throws(InvalidParameter) -> Choice? where Choice.RawValue == String {
        guard let text = self[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: " or ")
            throw InvalidParameter(
                description: "invalid parameter \"\(name)\": \"\(text.withVisibleEscapes)\" is not \(choices)")
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
    /// The selected ones.
    var entries: [Entry] = []
    /// The time to which the last hour refers, in seconds since 1970.
    let now: Double

    /// Selects the counters that fulfil a condition.
    init(
        of counters: JoinedPages<SourceCounter>, at now: Double,
        where isSelected: (SourceCounter, _ requestsLastHour: UInt64) -> Bool
    ) {
        self.counters = counters
        self.now = now
        for (index, counter) in counters.enumerated() {
            let requests = counter.requestsLastHour(at: now)
            if isSelected(counter, requests) { entries.append(Entry(index: index, requestsLastHour: requests)) }
        }
        // Equal ones in the order of their creation, so that two answers have the same order.
        entries.sort { ($1.requestsLastHour, $0.index) < ($0.requestsLastHour, $1.index) }
    }
}
