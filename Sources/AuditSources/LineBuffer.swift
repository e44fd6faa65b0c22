import Glibc

/// Cuts the bytes of a log into pieces of whole lines, in bounded memory.
///
/// A line ends at a line feed, and one that begins as JSON at a NUL byte too, as `LogLines` has it. So a run of NUL bytes
/// behind it, of any length, is passed on and never kept, and an event behind them is a line of its own. A line that is
/// skipped ends at a line feed.
///
/// A piece is the result of one read, so lines are neither copied nor examined one by one. Only the incomplete last line
/// is kept, up to `lineLimit` bytes; a longer line is skipped to its end. If wanted, a line that begins as JSON is passed on
/// before its end once it is long: it may hold objects, or items of one, that are complete, and the rest is given back.
struct LineBuffer {
    /// The longest line that is read, in bytes.
    static let lineLimit = 16 << 20
    /// The maximum number of bytes in one read.
    static let readSize = 1 << 20
    // The buffer grows in these steps.
    private static let reserveSize = 64 << 10

    /// The result of one read.
    struct Piece {
        /// Bytes of whole lines, at the beginning of `bytes`.
        var length: Int
        /// Where they begin in the log.
        var offset: Int
        /// Offsets of oversized lines in the log, in the first piece of each.
        var oversizedLines: [Int] = []
        /// Whether such a line begins as JSON.
        var isOversizedJSON = false
        /// Bytes read and skipped since the last piece.
        var consumed: Int
        /// Whether there are NUL bytes in a line that was skipped: other lines may be behind them.
        var hasSkippedNUL = false
        /// Whether it begins with a record of which a part was read before.
        var isContinued = false
    }

    enum Outcome {
        /// Bytes were read. The piece is empty if they do not complete a line.
        case piece(Piece)
        /// There are no new bytes.
        case end
        /// The read failed with this `errno`.
        case failed(Int32)
    }

    /// The last piece, followed by the incomplete line.
    private(set) var bytes: [UInt8] = []
    /// The offset in the log of the first byte that is neither part of a whole line nor skipped.
    private(set) var offset: Int
    /// Whether the line at `offset` is oversized and is skipped to its end.
    private(set) var isSkipping: Bool
    /// The last bytes before `offset`, as many as a fingerprint needs.
    private(set) var tail: [UInt8]

    // Whether long lines are passed on before their end. A reader that does this gives back what was not read of them.
    private let passesOpenLines: Bool
    // The incomplete line, at the end of the last piece; also lines before it that were given back.
    private var kept = 0..<0
    // `tail` before the last piece.
    private var formerTail: [UInt8] = []
    private var pieceLength = 0
    /// A record at `offset` of which a part was read.
    private struct OpenRecord {
        /// The number of bytes before its first item, which are kept.
        var headLength: Int
        /// The number of bytes behind them that were read, and are not kept.
        var removed: Int
        /// The last bytes that were read, as many as a fingerprint needs.
        var tail: [UInt8]
    }
    private var open: OpenRecord?
    private var waiting: WaitingRecord?
    private var formerOpen: OpenRecord?

    /// - Parameters:
    ///   - offset: The offset in the log where reading begins.
    ///   - tail: The bytes before it, as many as a fingerprint needs.
    ///   - isSkipping: Whether that is within an oversized line.
    ///   - passesOpenLines: Whether long lines are passed on before their end. The caller then gives back what is left.
    ///   - memory: The buffer of another log, which is used again.
    init(
        offset: Int, tail: [UInt8] = [], isSkipping: Bool = false, passesOpenLines: Bool = true,
        memory: consuming [UInt8] = []
    ) {
        bytes = memory
        self.passesOpenLines = passesOpenLines
        self.offset = offset
        self.tail = tail
        self.isSkipping = isSkipping
    }

    /// Continues at a place in the log.
    ///
    /// - Parameters:
    ///   - place: The place.
    ///   - tail: The bytes before it, as many as a fingerprint needs.
    ///   - head: The bytes of the head of the open record.
    ///   - headTail: The bytes before the head.
    init(at place: ReadPlace, tail: [UInt8], head: [UInt8], headTail: [UInt8]) {
        self.init(offset: place.offset, tail: tail, isSkipping: place.isInSkippedLine)
        guard let range = place.head else { return }
        offset = range.lowerBound
        self.tail = headTail
        bytes = head
        kept = 0..<head.count
        open = OpenRecord(headLength: head.count, removed: place.offset - range.upperBound, tail: tail)
    }

    /// The offset in the log up to which bytes were read.
    var end: Int { offset + (open?.removed ?? 0) + kept.count }

    /// The last bytes before `end`, as many as a fingerprint needs.
    var lastBytes: [UInt8] { lastBytes(upTo: kept.upperBound, from: kept.lowerBound, tail, open) }

    /// Where reading goes on after a restart.
    var place: ReadPlace {
        guard let open else { return ReadPlace(offset: offset, isInSkippedLine: isSkipping) }
        let head = offset..<offset + open.headLength
        return ReadPlace(offset: head.upperBound + open.removed, isInSkippedLine: isSkipping, head: head)
    }

    /// The last bytes before `place`, as many as a fingerprint needs.
    var placeTail: [UInt8] { open?.tail ?? tail }

    /// The incomplete line.
    var rest: ArraySlice<UInt8> { bytes[kept] }

    /// Whether bytes were read that were not passed on yet, since the record that they belong to goes on.
    var isWaiting: Bool { waiting.map { $0.examined > 0 } ?? false }

    /// Whether the last byte that was read is NUL: a hole may follow.
    var endsWithNUL: Bool { kept.isEmpty && tail.last == 0 }

    /// Reads once.
    ///
    /// - Parameters:
    ///   - expected: The number of available bytes. At most `readSize` of them are read.
    ///   - read: Reads into the buffer, like `read(2)`.
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

    /// Takes bytes that were read elsewhere, at most `readSize`.
    ///
    /// - Returns: `nil` if there are none.
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

    /// Skips a hole: NUL bytes that a file has without storing them. There must be no incomplete line before it.
    ///
    /// - Parameter count: The size of the hole, greater than zero.
    mutating func skipHole(_ count: Int) -> Piece {
        precondition(kept.isEmpty, "a hole follows a NUL byte, which ends a line")
        let piece = Piece(length: 0, offset: offset, consumed: count)
        offset += count
        tail = Self.lastBytes(tail, [UInt8](repeating: 0, count: min(count, Fingerprint.limit))[...])
        return piece
    }

    /// The bytes after the last line end, as a last line; for a log that ends here.
    mutating func takeRest() -> Piece? {
        moveRestToFront()
        guard !kept.isEmpty else { return nil }
        let piece = Piece(length: kept.count, offset: offset, consumed: kept.count, isContinued: open != nil)
        formerTail = tail
        formerOpen = open
        pieceLength = piece.length
        consume(kept)
        return piece
    }

    /// Passes on a record that may have a fault, although it has no end.
    mutating func takeWaiting() -> Piece {
        moveRestToFront()
        waiting = nil
        return cut(filled: open?.headLength ?? 0, end: kept.count)
    }

    /// Takes back the last lines of the last piece: they begin a record that is not complete, and come again with what
    /// follows. Together with it they are limited to `lineLimit`.
    ///
    /// - Parameters:
    ///   - count: The number of their bytes.
    ///   - head: The beginning of the record in the piece, if a part of the record was read: what is between it and these
    ///     bytes is not kept. The record's offset stays that of its beginning.
    mutating func giveBack(_ count: Int, head: Range<Int>? = nil) {
        guard count > 0 else { return }
        let pieceStart = kept.lowerBound - pieceLength
        let restStart = kept.lowerBound - count
        let head = head.map { pieceStart + $0.lowerBound..<pieceStart + $0.upperBound } ?? restStart..<restStart
        precondition(head.lowerBound >= pieceStart && head.upperBound <= restStart, "the piece has fewer bytes")
        let before = head.lowerBound - pieceStart
        let isFirst = before == 0
        let formerRemoved = formerOpen?.removed ?? 0
        offset -= pieceLength + formerRemoved
        tail = formerTail
        open = formerOpen
        if !isFirst {
            offset += before + formerRemoved
            tail = lastBytes(upTo: head.lowerBound, from: pieceStart, formerTail, formerOpen)
            open = nil
        }
        if !head.isEmpty {
            open = OpenRecord(
                headLength: head.count, removed: (open?.removed ?? 0) + restStart - head.upperBound,
                tail: lastBytes(upTo: restStart, from: head.lowerBound, tail, open))
        }
        let start = restStart - head.count
        bytes.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress, !head.isEmpty else { return }
            memmove(base + start, base + head.lowerBound, head.count)
        }
        kept = start..<kept.upperBound
        waiting = WaitingRecord(bytes[kept])
    }

    /// Skips the rest of the line in which the last piece ended, up to its end.
    mutating func skipLine() {
        guard kept.isEmpty else { return }
        isSkipping = true
    }

    /// Shrinks the buffer to the incomplete line until the next read, so that a quiet log needs little memory.
    mutating func releaseSpace() {
        // A long record that grows would be copied each time.
        guard bytes.count > kept.count + kept.count / 4 else { return }
        bytes = Array(bytes[kept])
        kept = 0..<bytes.count
    }

    private mutating func reserve(_ needed: Int) {
        guard bytes.count < needed else { return }
        // The next incomplete line is often a little longer.
        let wanted = needed + (kept.count > Self.readSize ? kept.count / 8 : 0)
        let count = (wanted + Self.reserveSize - 1) / Self.reserveSize * Self.reserveSize
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
        if let isComplete = completes(filled: filled, end: end), !isComplete {
            pieceLength = 0
            kept = 0..<end
            return piece
        }
        waiting = nil
        var start = 0
        let firstEnd = isSkipping ? first(10, in: filled..<end) : lineEnd(from: 0, in: filled..<end)
        // Only the first line of a piece can be longer than the piece.
        if !isSkipping, (firstEnd ?? end) > Self.lineLimit {
            piece.oversizedLines = [offset]
            piece.isOversizedJSON = Self.beginsJSON(bytes[0])
            isSkipping = true
        }
        if isSkipping {
            isSkipping = firstEnd == nil
            start = firstEnd.map { $0 + 1 } ?? end
            piece.hasSkippedNUL = first(0, in: 0..<start) != nil
            consume(0..<start)
        }
        var wholeEnd = lastLineEnd(from: start, in: max(start, filled)..<end).map { $0 + 1 } ?? start
        if passesOpenLines, wholeEnd == start, end - start >= Self.readSize, Self.beginsJSON(bytes[start]) {
            wholeEnd = end
        }
        piece.offset = offset
        piece.length = wholeEnd - start
        piece.consumed = wholeEnd
        formerTail = tail
        formerOpen = open
        pieceLength = piece.length
        piece.isContinued = open != nil
        consume(start..<wholeEnd)
        kept = wholeEnd..<end
        // After a skipped line: a piece begins at the beginning of the buffer.
        if start > 0 { moveToFront(start..<end) }
        return piece
    }

    /// Whether the bytes that were added may complete the record that waits; `nil` if none does.
    private mutating func completes(filled: Int, end: Int) -> Bool? {
        guard !isSkipping, end <= Self.lineLimit, var record = waiting else { return nil }
        let goesOn = record.goesOn(
            bytes.span.bytes.extracting(0..<end), given: filled, headLength: open?.headLength)
        waiting = record
        return !goesOn
    }

    private mutating func consume(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        tail = lastBytes(upTo: range.upperBound, from: range.lowerBound, tail, open)
        offset += range.count + (open?.removed ?? 0)
        open = nil
        kept = range.upperBound..<range.upperBound
    }

    static func beginsJSON(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") }

    /// The last bytes of the log up to an index of `bytes`.
    ///
    /// - Parameters:
    ///   - start: The index of the byte at an offset.
    ///   - tail: The bytes before that offset.
    ///   - open: A record at that offset of which a part is not there.
    private func lastBytes(upTo end: Int, from start: Int, _ tail: [UInt8], _ open: OpenRecord?) -> [UInt8] {
        Self.lastBytes(open?.tail ?? tail, bytes[start + (open?.headLength ?? 0)..<end])
    }

    /// The last bytes of two consecutive runs, as many as a fingerprint needs.
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
        // A buffer that one huge line enlarged shrinks after it.
        if kept.count < Self.readSize, bytes.count > 4 * Self.readSize { releaseSpace() }
    }
}
