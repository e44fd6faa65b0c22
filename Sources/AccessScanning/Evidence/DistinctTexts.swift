import AuditEvents

/// Distinct texts by column, within bounds: the first ones of each column, which stay, the newest ones, and a sample of
/// those between.
///
/// The sample has the texts with the smallest keyed hashes. So it is uniform, it is the same after a restart, and a client
/// cannot choose texts that get into it, or that remove others from it. It is in one buffer with the newest ones, before
/// them, and the first ones are in another: a change after a snapshot copies one buffer, and writes it to the disk, and
/// the first texts no longer change once a column has as many as it keeps.
struct DistinctTexts: Sendable, Hashable {
    /// The maximum number of texts of a column that stay.
    static let firstLimit = 8
    /// The maximum number of texts of a column that are kept because they are the newest.
    static let newestLimit = 7
    /// The maximum length of the first texts, with their overhead.
    static let firstPartLimit = 1104
    /// The same of the sample and the newest ones.
    static let newestPartLimit = 1504

    /// The effect of an insertion.
    struct Insertion: Sendable, Hashable {
        /// Whether the first texts, or their outcomes, have changed.
        var changesFirst = false
        /// Whether the sample or the newest texts, or their outcomes, have changed.
        var changesNewest = false
        /// The texts that gave way, and the one itself if it found no room.
        var lost = 0
    }

    private(set) var first = PackedTexts()
    // The sample, then the newest ones, in the order in which they were inserted.
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
    /// - Parameters:
    ///   - text: Not empty. One over `Evidence.lengthLimit` is cut.
    ///   - key: The key of the hashes that choose the sample.
    mutating func insert(
        _ text: String, _ outcome: OutcomeSet, in column: Evidence.Column, key: SipHash128.Key
    ) -> Insertion {
        let text = Self.limited(text)
        // A native string is contiguous; another one, which only Foundation makes, is copied.
        return text.utf8.withContiguousStorageIfAvailable { insert($0, outcome, in: column, key) }
            ?? Array(text.utf8).withUnsafeBufferPointer { insert($0, outcome, in: column, key) }
    }

    private mutating func insert(
        _ text: UnsafeBufferPointer<UInt8>, _ outcome: OutcomeSet, in column: Evidence.Column, _ key: SipHash128.Key
    ) -> Insertion {
        if let isNew = first.note(outcome, for: text, in: column) { return Insertion(changesFirst: isNew) }
        if let isNew = newest.note(outcome, for: text, in: column) { return Insertion(changesNewest: isNew) }
        let length = PackedTexts.overhead + text.count
        let count = first.count(of: column)
        // Once a text did not find room among the first ones, later ones are not first.
        if count < Self.firstLimit, newest.size(of: column) == 0,
            length <= room(for: column, inFirst: true) - first.size(of: column)
        {
            first.append(text, outcome, to: column)
            return Insertion(changesFirst: true)
        }
        let limit = Evidence.valueLimit - count
        guard let removed = placesToFree(length, for: outcome, in: column, keeping: limit, key) else {
            return Insertion(lost: 1)
        }
        newest.append(text, outcome, to: column, removing: removed)
        return Insertion(changesNewest: true, lost: removed.count)
    }

    /// A text that competes for room.
    private struct Candidate {
        /// Its place in the buffer; `nil` for the new text.
        let place: Range<Int>?
        let length: Int
        /// The smallest is kept first.
        let rank: (UInt64, UInt64, UInt64)
    }

    /// The places of the texts that give way to a new one: those of the largest hash that are not among the newest ones;
    /// and texts of allowed requests only to another one of those.
    ///
    /// If bytes are the limit, the newest ones use at most half of them, and at least those of the new one.
    ///
    /// - Parameters:
    ///   - length: The length of the new text, with its overhead.
    ///   - limit: The maximum number of texts besides the first ones.
    /// - Returns: The places in order; `nil` if the text finds no room.
    private func placesToFree(
        _ length: Int, for outcome: OutcomeSet, in column: Evidence.Column, keeping limit: Int, _ key: SipHash128.Key
    ) -> [Range<Int>]? {
        let texts = newest.places(column)
        let room = room(for: column, inFirst: false)
        let isTooLong = newest.size(of: column) + length > room
        guard texts.count >= limit || isTooLong else { return [] }
        let allowed = OutcomeSet(.allowed)
        let group = { (outcomes: OutcomeSet) -> UInt64 in outcomes.contains(allowed) ? 0 : 1 }
        var candidates = [Candidate(place: nil, length: length, rank: (group(outcome), 0, 0))]
        var newestLength = length
        var isNewest = true
        for (age, text) in texts.reversed().enumerated() {
            newestLength += text.place.count
            isNewest = isNewest && age < Self.newestLimit - 1 && (!isTooLong || newestLength <= room / 2)
            let order: (UInt64, UInt64) = isNewest ? (0, UInt64(age) + 1) : (1, newest.hash(of: text.place, key))
            candidates.append(
                Candidate(
                    place: text.place, length: text.place.count, rank: (group(text.outcomes), order.0, order.1)))
        }
        var removed: [Range<Int>] = []
        var kept = (count: 0, length: 0)
        for candidate in candidates.sorted(by: { $0.rank < $1.rank }) {
            if kept.count < limit, kept.length + candidate.length <= room {
                kept = (kept.count + 1, kept.length + candidate.length)
            } else if let place = candidate.place {
                removed.append(place)
            } else {
                return nil
            }
        }
        return removed.sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The bytes that a column may use of a part: what the others neither use nor may still use.
    private func room(for column: Evidence.Column, inFirst isFirst: Bool) -> Int {
        var room = isFirst ? Self.firstPartLimit : Self.newestPartLimit
        let part = isFirst ? first : newest
        for other in Evidence.Column.allCases where other != column {
            room -= max(part.size(of: other), isFirst ? other.reserve : other.newestReserve)
        }
        return room
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
