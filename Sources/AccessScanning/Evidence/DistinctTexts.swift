/// Distinct texts by column, within bounds.
///
/// New texts are in a small buffer of their own until there are enough of them. So a change after a snapshot copies that
/// buffer, and not all texts: with 10,000 sources that change at once, the snapshots that exist at the same time would
/// otherwise take several times the memory.
struct DistinctTexts: Sendable {
    /// The maximum number of texts of a column.
    static let columnLimit = 20
    /// The maximum length of a text in bytes.
    static let lengthLimit = 256

    /// The effect of an insertion.
    enum Outcome: Sendable {
        /// The text was there before.
        case known
        /// The text is new.
        case added
        /// The column has no room for the text.
        case leftOut
    }

    private var older = PackedTexts()
    private var newer = PackedTexts()

    /// The size from which on the new texts join the others, in bytes.
    private static let newerLimit = 512
    private static let columns = Evidence.Column.allCases
    private static let ellipsis = Array("…".utf8)

    /// No texts.
    init() {}

    /// Texts that were stored; `nil` if the bytes are not those of `PackedTexts`, because they were damaged.
    init?(bytes: [UInt8]) {
        guard let stored = PackedTexts(bytes: bytes) else { return nil }
        older = stored
    }

    /// All texts in one buffer.
    var packed: PackedTexts { PackedTexts(older, newer) }

    /// The texts of a column, in the order in which they were inserted.
    func values(_ column: Evidence.Column) -> [String] { older.values(column) + newer.values(column) }

    /// Adds a text to a column, unless it is there.
    ///
    /// - Parameter text: Not empty. One over `lengthLimit` is cut.
    mutating func insert(_ text: String, in column: Evidence.Column) -> Outcome {
        let text = Self.limited(text)
        // A native string is contiguous; another one, which only Foundation makes, is copied.
        return text.utf8.withContiguousStorageIfAvailable { insert($0, in: column) }
            ?? Array(text.utf8).withUnsafeBufferPointer { insert($0, in: column) }
    }

    private mutating func insert(_ text: UnsafeBufferPointer<UInt8>, in column: Evidence.Column) -> Outcome {
        guard let old = older.search(for: text, in: column), let new = newer.search(for: text, in: column) else {
            return .known
        }
        guard old + new < Self.columnLimit, hasRoom(for: 1 + text.count, in: column) else { return .leftOut }
        newer.append(text, to: column)
        if newer.bytes.count > Self.newerLimit {
            older = packed
            newer = PackedTexts()
        }
        return .added
    }

    /// Whether so many bytes fit, with what other columns use or may still use.
    private func hasRoom(for length: Int, in column: Evidence.Column) -> Bool {
        var taken = length
        for other in Self.columns {
            let used = older.size(of: other) + newer.size(of: other)
            taken += other == column ? used : max(used, other.reserve)
        }
        return taken <= Evidence.byteLimit
    }

    /// A text, cut if it is over `lengthLimit`.
    static func limited(_ text: String) -> String {
        text.utf8.count > lengthLimit ? cut(text) : text
    }

    /// A text without its end, so that it is as long as it may be. It is cut between two characters of Unicode.
    private static func cut(_ text: String) -> String {
        var bytes = Array(text.utf8.prefix(lengthLimit - ellipsis.count + 1))
        while let last = bytes.popLast(), last & 0xc0 == 0x80 {}
        return String(decoding: bytes + ellipsis, as: UTF8.self)
    }
}

extension DistinctTexts: Hashable {
    /// Whether the texts and their order are the same, in whatever buffers they are.
    static func == (one: DistinctTexts, other: DistinctTexts) -> Bool {
        one.older == other.older && one.newer == other.newer || one.packed == other.packed
    }

    /// Hashes the texts.
    func hash(into hasher: inout Hasher) { hasher.combine(packed) }
}
