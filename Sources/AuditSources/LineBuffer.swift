import Glibc

/// Cuts what is read from a descriptor into pieces of whole lines, in bounded memory.
///
/// A piece is as much as one `read` gave, so that lines are neither copied nor looked at one by one. Only the line that
/// is not finished yet is kept, up to `lineLimit` bytes; of a longer one the bytes are dropped up to its end.
struct LineBuffer {
    /// The longest line that is read, in bytes.
    static let lineLimit = 16 << 20
    /// As much is read at once at the most.
    static let readSize = 1 << 20

    /// What one `read` gave.
    struct Piece {
        /// Bytes of whole lines, at the beginning of `bytes`.
        var length: Int
        /// Where they begin in the log.
        var offset: Int
        /// Where lines that are skipped begin in the log, said at the first piece of each.
        var oversizedLines: [Int] = []
        /// Bytes read and skipped since the last piece.
        var consumed: Int
    }

    enum Outcome {
        /// Bytes came; the piece may be empty where they end no line.
        case piece(Piece)
        /// Nothing is there now.
        case end
        /// `errno` says what went wrong.
        case failed(Int32)
    }

    /// Holds the piece handed out last, and behind it what is not a whole line yet.
    private(set) var bytes: [UInt8] = []
    /// Where in the log the first byte stands that is not part of a whole line, or of one that is skipped.
    private(set) var offset: Int
    /// Whether the line at `offset` is too long and is skipped to its end.
    private(set) var isSkipping: Bool
    /// The last bytes before `offset`, as many as a fingerprint needs.
    private(set) var tail: [UInt8]

    // What is not a whole line yet stands at the end of the piece handed out last.
    private var kept = 0..<0

    /// - Parameters:
    ///   - offset: Where in the log reading begins.
    ///   - tail: The bytes before it, as many as a fingerprint needs.
    ///   - isSkipping: Whether that is within a line that is too long.
    init(offset: Int, tail: [UInt8] = [], isSkipping: Bool = false) {
        self.offset = offset
        self.tail = tail
        self.isSkipping = isSkipping
    }

    /// How far was read.
    var end: Int { offset + kept.count }

    /// The last bytes before `end`, as many as a fingerprint needs.
    var lastBytes: [UInt8] { Self.lastBytes(tail, bytes[kept]) }

    /// Reads once.
    ///
    /// - Parameters:
    ///   - expected: How many bytes there are to read; more than `readSize` are left for the next time.
    ///   - read: Reads into the buffer it is given, as `read(2)` does.
    mutating func readPiece(expecting expected: Int, _ read: (UnsafeMutableRawBufferPointer) -> Int) -> Outcome {
        moveRestToFront()
        let filled = kept.count
        let wanted = min(expected, Self.readSize)
        reserve(filled + wanted)
        let got = bytes.withUnsafeMutableBytes { read(.init(rebasing: $0[filled..<filled + wanted])) }
        if got < 0 { return .failed(errno) }
        if got == 0 {
            releaseSpace()
            return .end
        }
        return .piece(cut(filled: filled, end: filled + got))
    }

    /// Takes bytes that were read elsewhere, as many as are read at once.
    ///
    /// - Returns: What they gave; `nil` where there were none.
    mutating func readPiece(from rest: inout ArraySlice<UInt8>) -> Piece? {
        let outcome = readPiece(expecting: rest.count) { buffer in
            let count = min(buffer.count, rest.count)
            buffer.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        }
        guard case .piece(let piece) = outcome else { return nil }
        return piece
    }

    /// What stands behind the last line feed, as a last line; for a log that ends here.
    mutating func takeRest() -> Piece? {
        moveRestToFront()
        guard !kept.isEmpty else { return nil }
        let piece = Piece(length: kept.count, offset: offset, consumed: kept.count)
        consume(kept)
        return piece
    }

    /// Keeps no more memory than what is not a whole line needs, until the next read: a log that is quiet is cheap.
    mutating func releaseSpace() {
        guard bytes.count > kept.count else { return }
        bytes = Array(bytes[kept])
        kept = 0..<bytes.count
    }

    private mutating func reserve(_ count: Int) {
        guard bytes.count < count else { return }
        let rest = bytes[kept]
        bytes = [UInt8](unsafeUninitializedCapacity: count) {
            (buffer: inout UnsafeMutableBufferPointer<UInt8>, filled) in
            let all = UnsafeMutableRawBufferPointer(buffer)
            rest.withUnsafeBytes { (kept: UnsafeRawBufferPointer) in all.copyMemory(from: kept) }
            UnsafeMutableRawBufferPointer(rebasing: all[rest.count..<count]).initializeMemory(
                as: UInt8.self, repeating: 0)
            filled = count
        }
        kept = 0..<rest.count
    }

    private mutating func cut(filled: Int, end: Int) -> Piece {
        var piece = Piece(length: 0, offset: offset, consumed: 0)
        var start = 0
        let firstFeed = firstLineFeed(in: filled..<end)
        // Where lines are read in pieces, only the first of them can be longer than a piece.
        if !isSkipping, (firstFeed ?? end) > Self.lineLimit {
            piece.oversizedLines = [offset]
            isSkipping = true
        }
        if isSkipping {
            isSkipping = firstFeed == nil
            start = firstFeed.map { $0 + 1 } ?? end
            consume(0..<start)
        }
        let wholeEnd = lastLineFeed(in: max(start, filled)..<end).map { $0 + 1 } ?? start
        piece.offset = offset
        piece.length = wholeEnd - start
        piece.consumed = wholeEnd
        consume(start..<wholeEnd)
        kept = wholeEnd..<end
        // Behind a skipped line: a piece begins where the buffer begins.
        if start > 0 { moveToFront(start..<end) }
        return piece
    }

    private mutating func consume(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        tail = Self.lastBytes(tail, bytes[range])
        offset += range.count
        kept = range.upperBound..<range.upperBound
    }

    /// The last bytes of two runs, one behind the other, as many as a fingerprint needs.
    static func lastBytes(_ before: [UInt8], _ behind: ArraySlice<UInt8>) -> [UInt8] {
        let behind = behind.suffix(Fingerprint.limit)
        return before.suffix(Fingerprint.limit - behind.count) + behind
    }

    private mutating func moveToFront(_ range: Range<Int>) {
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            memmove(base, base + range.lowerBound, range.count)
        }
        kept = kept.lowerBound - range.lowerBound..<kept.upperBound - range.lowerBound
    }

    private mutating func moveRestToFront() {
        if kept.lowerBound > 0 { moveToFront(kept) }
        // What one huge line made the buffer grow to is given back after it.
        if kept.count < Self.readSize, bytes.count > 4 * Self.readSize { releaseSpace() }
    }

    private func firstLineFeed(in range: Range<Int>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress, let hit = memchr(base + range.lowerBound, 10, range.count) else {
                return nil
            }
            return UnsafeRawPointer(hit) - base
        }
    }

    private func lastLineFeed(in range: Range<Int>) -> Int? {
        bytes.withUnsafeBytes { buffer in
            var index = range.upperBound
            while index > range.lowerBound {
                index -= 1
                if buffer[index] == 10 { return index }
            }
            return nil
        }
    }
}
