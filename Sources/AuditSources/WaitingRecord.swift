import AuditEvents
import Glibc

/// A long record that was passed on before its end was there, and was given back.
///
/// It is read again from its beginning when it may have an end, or when it has grown by a quarter: its text may have a
/// fault, behind which others are read. Otherwise each read would cost as much as the whole record.
struct WaitingRecord {
    /// Shorter ones are always passed on.
    static let shortest = 256 << 10

    /// The number of its bytes that were examined.
    private(set) var examined = 0
    private let limit: Int
    private let hasManyLines: Bool
    private var nesting = JSONNesting()

    /// - Parameter bytes: All bytes that were given back.
    /// - Returns: `nil` if it is short, or does not begin as JSON.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= Self.shortest, let first = bytes.first, [0x5b, 0x7b].contains(first) else { return nil }
        limit = bytes.count + bytes.count / 4
        let next = bytes.dropFirst().first { ![9, 13, 32].contains($0) }
        hasManyLines = first == 0x5b || next == 10
    }

    /// Whether it certainly goes on behind the bytes that are there.
    ///
    /// - Parameters:
    ///   - bytes: All of its bytes.
    ///   - given: How many of them were there before.
    ///   - headLength: The length of its head if a part of it was read: then the end of an item is looked for.
    mutating func goesOn(_ bytes: RawSpan, given: Int, headLength: Int?) -> Bool {
        guard bytes.byteCount < limit, !Self.hasEnd(bytes.extracting(given...), hasManyLines) else { return false }
        if examined == 0, let headLength {
            _ = nesting.closes(in: bytes.extracting(..<headLength))
            nesting.setFloor()
            examined = headLength
        }
        let isClosed = nesting.closes(in: bytes.extracting(examined...))
        examined = bytes.byteCount
        return !isClosed
    }

    /// Whether there is a byte that ends a record, whole or not.
    private static func hasEnd(_ bytes: RawSpan, _ hasManyLines: Bool) -> Bool {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            return memchr(base, 0, bytes.count) != nil || !hasManyLines && memchr(base, 10, bytes.count) != nil
        }
    }
}
