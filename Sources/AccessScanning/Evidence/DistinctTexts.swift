import Glibc

/// Distinct texts by column, in one buffer: thousands of sources each have dozens of short texts, and an object for each
/// would take several times the memory.
///
/// The buffer begins with the end of each column, 16 bits, little-endian, relative to the first byte after these ends.
/// The texts of the first column follow, then those of the second, and so on. A text is its length less one (8 bits),
/// and its bytes of UTF-8. The buffer of no texts is empty.
struct DistinctTexts: Sendable, Hashable {
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

    /// The buffer.
    private(set) var bytes: [UInt8] = []

    private static let columns = Evidence.Column.allCases
    private static let headLength = 2 * columns.count
    // A fifth of a full buffer.
    private static let step = (headLength + Evidence.byteLimit) / 5
    private static let ellipsis = Array("…".utf8)

    /// No texts.
    init() {}

    /// Texts that were stored; `nil` if the bytes are not such a buffer, because they were damaged.
    init?(bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        guard Self.headLength + 1...Self.headLength + Evidence.byteLimit ~= bytes.count else { return nil }
        var start = Self.headLength
        for column in Self.columns {
            let range = bytes.withUnsafeBufferPointer { Self.range(of: column, in: $0) }
            guard range.lowerBound == start, range.upperBound <= bytes.count else { return nil }
            var count = 0
            while start < range.upperBound {
                let end = start + 2 + Int(bytes[start])
                count += 1
                guard end <= range.upperBound, count <= Self.columnLimit,
                    String(validating: bytes[start + 1..<end], as: UTF8.self) != nil
                else { return nil }
                start = end
            }
        }
        guard start == bytes.count else { return nil }
        self.bytes = bytes
    }

    /// The texts of a column, in the order in which they were inserted.
    func values(_ column: Evidence.Column) -> [String] {
        var values: [String] = []
        let range = bytes.withUnsafeBufferPointer { Self.range(of: column, in: $0) }
        var start = range.lowerBound
        while start < range.upperBound {
            let end = start + 2 + Int(bytes[start])
            values.append(String(decoding: bytes[start + 1..<end], as: UTF8.self))
            start = end
        }
        return values
    }

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
        guard let present = bytes.withUnsafeBufferPointer({ Self.search(for: text, in: column, of: $0) }) else {
            return .known
        }
        guard present.count < Self.columnLimit, hasRoom(for: 1 + text.count, in: column) else { return .leftOut }
        append(text, at: present.range.upperBound, of: column)
        return .added
    }

    /// Whether so many bytes fit, beside what other columns use or may still use.
    private func hasRoom(for length: Int, in column: Evidence.Column) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            var taken = length
            for other in Self.columns {
                let used = Self.range(of: other, in: bytes).count
                taken += other == column ? used : max(used, other.reserve)
            }
            return taken <= Evidence.byteLimit
        }
    }

    /// - Returns: `nil` if the column has the text; else the place of the column and the number of its texts.
    private static func search(
        for text: UnsafeBufferPointer<UInt8>, in column: Evidence.Column, of bytes: UnsafeBufferPointer<UInt8>
    ) -> (range: Range<Int>, count: Int)? {
        guard let base = bytes.baseAddress, let sought = text.baseAddress else { return (0..<0, 0) }
        let range = range(of: column, in: bytes)
        var start = range.lowerBound
        var count = 0
        while start < range.upperBound {
            let length = Int(bytes[start]) + 1
            if length == text.count, memcmp(base + start + 1, sought, length) == 0 { return nil }
            start += 1 + length
            count += 1
        }
        return (range, count)
    }

    /// Inserts a text at the end of its column.
    ///
    /// The new buffer has one of few capacities, so that the memory of a smaller one is used again for another source:
    /// with exact capacities the heap of 10,000 growing buffers was twice as large.
    private mutating func append(_ text: UnsafeBufferPointer<UInt8>, at end: Int, of column: Evidence.Column) {
        let old = bytes.isEmpty ? Array(repeating: 0, count: Self.headLength) : bytes
        let end = max(end, Self.headLength)
        var new: [UInt8] = []
        new.reserveCapacity((old.count + text.count) / Self.step * Self.step + Self.step)
        new += old[..<end]
        new.append(UInt8(text.count - 1))
        new += text
        new += old[end...]
        for later in Int(column.rawValue)..<Self.columns.count {
            let end = Int(new[2 * later]) | Int(new[2 * later + 1]) << 8
            new[2 * later] = UInt8(truncatingIfNeeded: end + 1 + text.count)
            new[2 * later + 1] = UInt8(truncatingIfNeeded: (end + 1 + text.count) >> 8)
        }
        bytes = new
    }

    /// Where the texts of a column are in the buffer.
    private static func range(of column: Evidence.Column, in bytes: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        guard !bytes.isEmpty else { return 0..<0 }
        let end = { (column: Int) in
            column < 0 ? headLength : headLength + (Int(bytes[2 * column]) | Int(bytes[2 * column + 1]) << 8)
        }
        let start = end(Int(column.rawValue) - 1)
        return start..<max(start, end(Int(column.rawValue)))
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
