/// Distinct texts by column, within bounds: the first ones of each column, which stay, and the newest ones, which give
/// way to newer ones.
///
/// So neither a client that begins with harmless requests nor one that ends with them can hide what it does. The two are
/// separate buffers: a change after a snapshot copies one of them, and writes it to the disk, and the first texts no
/// longer change once a column has as many as it keeps.
struct DistinctTexts: Sendable, Hashable {
    /// The maximum number of texts of a column that stay.
    static let firstLimit = 10
    /// The maximum length of the texts in each of the two buffers, with their overhead.
    static let partLimit = 1304

    /// The effect of an insertion.
    struct Insertion: Sendable, Hashable {
        /// Whether the first texts, or their outcomes, have changed.
        var changesFirst = false
        /// Whether the newest texts, or their outcomes, have changed.
        var changesNewest = false
        /// The texts that gave way, and the one itself if it found no room.
        var lost = 0
    }

    private(set) var first = PackedTexts()
    private(set) var newest = PackedTexts()

    /// No texts.
    init() {}

    /// Texts as they were stored. A part that is damaged has none.
    init(first: [UInt8], newest: [UInt8]) {
        self.first = PackedTexts(bytes: first) ?? PackedTexts()
        self.newest = PackedTexts(bytes: newest) ?? PackedTexts()
    }

    /// The texts of a column in the order in which they were inserted, with the outcomes of the requests that had them.
    func values(_ column: Evidence.Column) -> [(text: String, outcomes: OutcomeSet)] {
        first.values(column) + newest.values(column)
    }

    /// The outcomes of the requests that had any of the texts.
    var outcomes: OutcomeSet { first.outcomes.union(newest.outcomes) }

    /// Adds a text to a column, unless it is there.
    ///
    /// - Parameter text: Not empty. One over `Evidence.lengthLimit` is cut.
    mutating func insert(_ text: String, _ outcome: OutcomeSet, in column: Evidence.Column) -> Insertion {
        let text = Self.limited(text)
        // A native string is contiguous; another one, which only Foundation makes, is copied.
        return text.utf8.withContiguousStorageIfAvailable { insert($0, outcome, in: column) }
            ?? Array(text.utf8).withUnsafeBufferPointer { insert($0, outcome, in: column) }
    }

    private mutating func insert(
        _ text: UnsafeBufferPointer<UInt8>, _ outcome: OutcomeSet, in column: Evidence.Column
    ) -> Insertion {
        if let isNew = first.note(outcome, for: text, in: column) { return Insertion(changesFirst: isNew) }
        if let isNew = newest.note(outcome, for: text, in: column) { return Insertion(changesNewest: isNew) }
        let length = PackedTexts.overhead + text.count
        let count = first.count(of: column)
        // Once a text did not find room among the first ones, later ones are not first.
        if count < Self.firstLimit, newest.size(of: column) == 0,
            length <= Self.room(for: column, in: first) - first.size(of: column)
        {
            first.append(text, outcome, to: column)
            return Insertion(changesFirst: true)
        }
        guard let removed = placesToFree(length, for: outcome, in: column, keeping: Evidence.valueLimit - count) else {
            return Insertion(lost: 1)
        }
        newest.append(text, outcome, to: column, removing: removed)
        return Insertion(changesNewest: true, lost: removed.count)
    }

    /// The places of the newest texts that give way to another one: the oldest ones, and those of allowed requests only
    /// to another one of those.
    ///
    /// - Parameters:
    ///   - length: The length of the new text, with its overhead.
    ///   - limit: The maximum number of newest texts.
    /// - Returns: The places in order; `nil` if the text finds no room.
    private func placesToFree(
        _ length: Int, for outcome: OutcomeSet, in column: Evidence.Column, keeping limit: Int
    ) -> [Range<Int>]? {
        let places = newest.places(column)
        let allowed = OutcomeSet(.allowed)
        var removed: [Range<Int>] = []
        var count = places.count
        var excess = newest.size(of: column) + length - Self.room(for: column, in: newest)
        for (mayBeAllowed, places) in [(false, places), (true, outcome.contains(allowed) ? places : [])] {
            for (place, outcomes) in places where outcomes.contains(allowed) == mayBeAllowed {
                guard count >= limit || excess > 0 else { break }
                removed.append(place)
                count -= 1
                excess -= place.count
            }
        }
        guard count < limit, excess <= 0 else { return nil }
        return removed.sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The bytes that a column may use of a part: what the others neither use nor may still use.
    private static func room(for column: Evidence.Column, in part: PackedTexts) -> Int {
        var taken = 0
        for other in Evidence.Column.allCases where other != column {
            taken += max(part.size(of: other), other.reserve)
        }
        return partLimit - taken
    }

    /// A text, cut if it is over `Evidence.lengthLimit`.
    static func limited(_ text: String) -> String {
        text.utf8.count > Evidence.lengthLimit ? cut(text) : text
    }

    /// The beginning of a text, up to the end of a character of Unicode, then "…" and a hash of the whole text: two texts
    /// with the same beginning stay apart.
    private static func cut(_ text: String) -> String {
        let digits = String(hash(text), radix: 16)
        let end = "…" + String(repeating: "0", count: 16 - digits.count) + digits
        var bytes = Array(text.utf8.prefix(Evidence.lengthLimit - end.utf8.count + 1))
        while let last = bytes.popLast(), last & 0xc0 == 0x80 {}
        return String(decoding: bytes, as: UTF8.self) + end
    }

    /// FNV-1a with 64 bits. Anyone can compute it, so that a text can be compared with a log, and anyone can find two
    /// texts with one hash: that hides no more than the end of a text, which is not kept in any case.
    ///
    /// Source: <http://www.isthe.com/chongo/tech/comp/fnv/>.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
