import Glibc

/// Texts by column in one buffer: thousands of sources each have dozens of short texts, and an object for each would take
/// several times the memory.
///
/// The buffer begins with the end of each column, 16 bits, little-endian, relative to the first byte after these ends.
/// The texts of the first column follow, then those of the second, and so on. A text is its length less one (8 bits),
/// and its bytes of UTF-8. The buffer of no texts is empty.
struct PackedTexts: Sendable, Hashable {
    /// The buffer.
    private(set) var bytes: [UInt8] = []

    private static let columns = Evidence.Column.allCases
    private static let headLength = 2 * columns.count

    /// No texts.
    init() {}

    /// Texts that were stored; `nil` if the bytes are not such a buffer, because they were damaged.
    init?(bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        guard Self.headLength + 1...Self.headLength + Evidence.byteLimit ~= bytes.count else { return nil }
        var start = Self.headLength
        for column in Self.columns {
            let range = range(of: column, in: bytes)
            guard range.lowerBound == start, range.upperBound <= bytes.count else { return nil }
            var count = 0
            while start < range.upperBound {
                let end = start + 2 + Int(bytes[start])
                count += 1
                guard end <= range.upperBound, count <= DistinctTexts.columnLimit,
                    String(validating: bytes[start + 1..<end], as: UTF8.self) != nil
                else { return nil }
                start = end
            }
        }
        guard start == bytes.count else { return nil }
        self.bytes = bytes
    }

    /// The texts of all columns, those of `newer` after the others of their column.
    init(_ older: PackedTexts, _ newer: PackedTexts) {
        guard !older.bytes.isEmpty, !newer.bytes.isEmpty else {
            bytes = older.bytes.isEmpty ? newer.bytes : older.bytes
            return
        }
        bytes.reserveCapacity(older.bytes.count + newer.bytes.count - Self.headLength)
        for column in Self.columns { append(end: older.end(of: column) + newer.end(of: column)) }
        for column in Self.columns {
            bytes += older.bytes[older.range(of: column)]
            bytes += newer.bytes[newer.range(of: column)]
        }
    }

    /// The bytes of the texts of a column, each with one byte more than its UTF-8.
    func size(of column: Evidence.Column) -> Int { range(of: column).count }

    /// The texts of a column.
    func values(_ column: Evidence.Column) -> [String] {
        var values: [String] = []
        let range = range(of: column)
        var start = range.lowerBound
        while start < range.upperBound {
            let end = start + 2 + Int(bytes[start])
            values.append(String(decoding: bytes[start + 1..<end], as: UTF8.self))
            start = end
        }
        return values
    }

    /// - Returns: `nil` if the column has the text; else the number of its texts.
    func search(for text: UnsafeBufferPointer<UInt8>, in column: Evidence.Column) -> Int? {
        guard !bytes.isEmpty else { return 0 }
        let range = range(of: column)
        return bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let sought = text.baseAddress else { return 0 }
            var start = range.lowerBound
            var count = 0
            while start < range.upperBound {
                let length = Int(bytes[start]) + 1
                if length == text.count, memcmp(base + start + 1, sought, length) == 0 { return nil }
                start += 1 + length
                count += 1
            }
            return count
        }
    }

    /// Adds a text at the end of its column.
    ///
    /// - Parameter text: 1 to 256 bytes.
    mutating func append(_ text: UnsafeBufferPointer<UInt8>, to column: Evidence.Column) {
        var new = PackedTexts()
        new.bytes.reserveCapacity(max(bytes.count, Self.headLength) + 1 + text.count)
        for later in Self.columns {
            new.append(end: end(of: later) + (later.rawValue < column.rawValue ? 0 : 1 + text.count))
        }
        if !bytes.isEmpty { new.bytes += bytes[Self.headLength..<range(of: column).upperBound] }
        new.bytes.append(UInt8(text.count - 1))
        new.bytes += text
        if !bytes.isEmpty { new.bytes += bytes[range(of: column).upperBound...] }
        self = new
    }

    private mutating func append(end: Int) {
        bytes.append(UInt8(truncatingIfNeeded: end))
        bytes.append(UInt8(truncatingIfNeeded: end >> 8))
    }

    /// The end of a column, without the head.
    private func end(of column: Evidence.Column) -> Int {
        bytes.isEmpty ? 0 : range(of: column).upperBound - Self.headLength
    }

    /// Where the texts of a column are in the buffer.
    private func range(of column: Evidence.Column) -> Range<Int> {
        bytes.isEmpty ? 0..<0 : range(of: column, in: bytes)
    }

    private func range(of column: Evidence.Column, in bytes: [UInt8]) -> Range<Int> {
        let place = 2 * Int(column.rawValue)
        let start = place == 0 ? 0 : Int(bytes[place - 2]) | Int(bytes[place - 1]) << 8
        let end = Int(bytes[place]) | Int(bytes[place + 1]) << 8
        return Self.headLength + start..<Self.headLength + max(start, end)
    }
}
