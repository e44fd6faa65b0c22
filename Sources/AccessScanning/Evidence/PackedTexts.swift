import AuditEvents
import Glibc

/// Texts by column in one buffer: thousands of sources each have dozens of short texts, and an object for each would take
/// several times the memory.
///
/// The buffer begins with the end of each column, 16 bits, little-endian, relative to the first byte after these ends.
/// The texts of the first column follow, then those of the second, and so on. A text is its length less one (8 bits),
/// the outcomes of its requests (8 bits, see `OutcomeSet`), and its bytes of UTF-8. The buffer of no texts is empty.
struct PackedTexts: Sendable, Hashable {
    /// The buffer.
    private(set) var bytes: [UInt8] = []

    private static let columns = Evidence.Column.allCases
    private static let headLength = 2 * columns.count
    /// The bytes of a text besides its UTF-8.
    static let overhead = 2

    /// No texts.
    init() {}

    /// Texts that were stored; `nil` if the bytes are not such a buffer, because they were damaged.
    init?(bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let limit = Evidence.firstByteLimit + Evidence.newestByteLimit
        guard Self.headLength + 1...Self.headLength + limit ~= bytes.count else { return nil }
        var start = Self.headLength
        for column in Self.columns {
            let range = range(of: column, in: bytes)
            guard range.lowerBound == start, range.upperBound <= bytes.count else { return nil }
            var count = 0
            while start < range.upperBound {
                let end = start + Self.overhead + 1 + Int(bytes[start])
                count += 1
                guard end <= range.upperBound, count <= Evidence.valueLimit,
                    1...OutcomeSet.all.rawValue ~= bytes[start + 1],
                    Self.isUTF8(bytes[start + Self.overhead..<end])
                else { return nil }
                start = end
            }
        }
        guard start == bytes.count else { return nil }
        self.bytes = bytes
    }

    private static func isUTF8(_ text: ArraySlice<UInt8>) -> Bool {
        // Nearly all texts are ASCII, for which no string is made.
        text.allSatisfy { $0 < 0x80 } || String(validating: text, as: UTF8.self) != nil
    }

    /// The bytes of the texts of a column, each with its overhead.
    func size(of column: Evidence.Column) -> Int { range(of: column).count }

    /// The number of texts of a column.
    func count(of column: Evidence.Column) -> Int {
        var count = 0
        forEach(column) { _ in count += 1 }
        return count
    }

    /// The texts of a column, with the outcomes of the requests that had them.
    func values(_ column: Evidence.Column) -> [(text: String, outcomes: OutcomeSet)] {
        var values: [(text: String, outcomes: OutcomeSet)] = []
        forEach(column) { text in
            values.append(
                (
                    String(decoding: bytes[text.dropFirst(Self.overhead)], as: UTF8.self),
                    OutcomeSet(rawValue: bytes[text.lowerBound + 1])
                ))
        }
        return values
    }

    /// The outcomes of the requests that had any of the texts.
    var outcomes: OutcomeSet {
        var outcomes: OutcomeSet = []
        for column in Self.columns {
            forEach(column) { outcomes.formUnion(OutcomeSet(rawValue: bytes[$0.lowerBound + 1])) }
        }
        return outcomes
    }

    /// Notes another request with a text.
    ///
    /// - Returns: Whether the outcome is new for the text; `nil` if the column does not have the text.
    mutating func note(
        _ outcome: OutcomeSet, for text: UnsafeBufferPointer<UInt8>, in column: Evidence.Column
    ) -> Bool? {
        guard let place = place(of: text, in: column) else { return nil }
        guard bytes[place + 1] & outcome.rawValue == 0 else { return false }
        bytes[place + 1] |= outcome.rawValue
        return true
    }

    /// Adds a text at the end of its column.
    ///
    /// - Parameters:
    ///   - text: 1 to 256 bytes.
    ///   - outcome: The outcome of its request.
    ///   - removed: The places of texts of the column that give way to it, in order.
    mutating func append(
        _ text: UnsafeBufferPointer<UInt8>, _ outcome: OutcomeSet, to column: Evidence.Column,
        removing removed: [Range<Int>] = []
    ) {
        let growth = Self.overhead + text.count - removed.reduce(0) { $0 + $1.count }
        var new: [UInt8] = []
        new.reserveCapacity(max(bytes.count, Self.headLength) + growth)
        for later in Self.columns {
            let end = end(of: later) + (later.rawValue < column.rawValue ? 0 : growth)
            new.append(UInt8(truncatingIfNeeded: end))
            new.append(UInt8(truncatingIfNeeded: end >> 8))
        }
        var start = min(Self.headLength, bytes.count)
        let end = range(of: column).upperBound
        for text in removed {
            new += bytes[start..<text.lowerBound]
            start = text.upperBound
        }
        new += bytes[start..<end]
        new.append(UInt8(text.count - 1))
        new.append(outcome.rawValue)
        new += text
        new += bytes[end...]
        bytes = new
    }

    /// The places of the texts of a column, with the outcomes of their requests.
    func places(_ column: Evidence.Column) -> [(place: Range<Int>, outcomes: OutcomeSet)] {
        var places: [(place: Range<Int>, outcomes: OutcomeSet)] = []
        forEach(column) { places.append(($0, OutcomeSet(rawValue: bytes[$0.lowerBound + 1]))) }
        return places
    }

    /// A keyed hash of the text at a place.
    func hash(of place: Range<Int>, _ key: SipHash128.Key) -> UInt64 {
        var hash = SipHash128(key: key)
        hash.combine(bytes: bytes.span.bytes.extracting(place.dropFirst(Self.overhead)))
        return hash.digest().first
    }

    private func forEach(_ column: Evidence.Column, _ body: (_ text: Range<Int>) -> Void) {
        let range = range(of: column)
        var start = range.lowerBound
        while start < range.upperBound {
            let end = start + Self.overhead + 1 + Int(bytes[start])
            body(start..<end)
            start = end
        }
    }

    /// Where a text begins in the buffer; `nil` if the column does not have it.
    private func place(of text: UnsafeBufferPointer<UInt8>, in column: Evidence.Column) -> Int? {
        let range = range(of: column)
        return bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress, let sought = text.baseAddress else { return nil }
            var start = range.lowerBound
            while start < range.upperBound {
                let length = Int(bytes[start]) + 1
                if length == text.count, memcmp(base + start + Self.overhead, sought, length) == 0 { return start }
                start += Self.overhead + length
            }
            return nil
        }
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
