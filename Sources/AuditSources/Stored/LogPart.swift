public import AuditEvents
import Compression
import Glibc

/// A part of a stored log that one thread reads: the lines that begin in a range of a plain file, or all others whole.
///
/// ```swift
/// for part in try log.parts() {
///     let reading = part.read(with: &scanner, in: &memory, take: { collect($0) }, report: { _ in })
/// }
/// ```
///
/// What is found in all parts together does not depend on where a file is cut, as long as each record is a line. A part
/// that meets another record, see `LogReading.needsWholeLog`, is not to be used, nor are the other parts of its log: the log
/// is read again by `wholeLog`.
public struct LogPart: Sendable, Hashable {
    /// The log.
    public let log: StoredLog
    /// The bytes in which its lines begin; `nil` for the whole log.
    let range: Range<Int>?
    /// Whether it has the end of the log, which may have grown.
    let isLast: Bool

    /// Whether it is all of the log.
    public var isWholeLog: Bool { range == nil }
    /// All of the log.
    public var wholeLog: LogPart { LogPart(log: log, range: nil, isLast: true) }

    /// Reads the part, or its beginning if that shows that the log must be read as a whole. The call blocks.
    ///
    /// - Parameters:
    ///   - scanner: Finds the wanted events.
    ///   - memory: Is used again for the next part, so that it is not allocated for each.
    ///   - decompressesAhead: Whether compressed content is decompressed on a thread of its own.
    ///   - take: Takes each event.
    ///   - report: Takes the number of bytes of the file that were read, piece by piece.
    public func read(
        with scanner: inout EventScanner, in memory: inout PartMemory, decompressesAhead: Bool = false,
        take: (borrowing EventView) -> Void, report: (_ storedBytes: Int) -> Void
    ) -> LogReading {
        var reading = LogReading()
        do throws(StoredLogProblem) {
            if let range {
                var reader = try RangeReader(log, range, isLast: isLast, memory: memory.take())
                while !reading.needsWholeLog, let step = try reader.next() {
                    report(step.storedBytes)
                    let found = reading.scan(step, reader.lines, as: log.format, &scanner, take)
                    // A record goes on behind its line, or is an oversized one, which may hold many events; or the line
                    // that the part before has read may have ended at a NUL byte, as only that part can tell.
                    reading.needsWholeLog =
                        found.rest > 0 || step.piece.isOversizedJSON || step.piece.hasSkippedNUL
                }
                memory.bytes = reader.takeMemory()
            } else {
                let content = try LogBytes(log)
                if decompressesAhead, content.isCompressed {
                    try readAll(BytesAhead(content), &reading, &scanner, take, report)
                } else {
                    try readAll(content, &reading, &scanner, take, report)
                }
            }
        } catch {
            reading.problem = error
        }
        return reading
    }

    private func readAll(
        _ content: consuming some LogContent & ~Copyable, _ reading: inout LogReading, _ scanner: inout EventScanner,
        _ take: (borrowing EventView) -> Void, _ report: (Int) -> Void
    ) throws(StoredLogProblem) {
        var bytes = content
        var lines = LineBuffer(offset: 0)
        var reported = 0
        var failure: StoredLogProblem?
        do throws(StoredLogProblem) {
            while let next = try bytes.next() {
                var rest = next[...]
                while !rest.isEmpty, let piece = lines.readPiece(from: &rest) {
                    let found = reading.scan(
                        RangeReader.Step(piece: piece, storedBytes: 0, isLast: false), lines, as: log.format, &scanner,
                        take)
                    lines.giveBack(found.rest, head: found.restHead)
                    if found.skipsLine { lines.skipLine() }
                    report(bytes.storedOffset - reported)
                    reported = bytes.storedOffset
                }
            }
        } catch {
            failure = error
        }
        // Also before a fault: a last line that is whole counts, and one that is torn is a malformed line.
        if let piece = lines.takeRest() {
            reading.scan(RangeReader.Step(piece: piece, storedBytes: 0), lines, as: log.format, &scanner, take)
        }
        report(bytes.storedOffset - reported)
        if let failure { throw failure }
    }
}

/// The memory in which a thread reads parts, one after the other.
public struct PartMemory: Sendable {
    fileprivate var bytes: [UInt8] = []

    /// None is allocated yet.
    public init() {}

    fileprivate mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}

extension StoredLog {
    /// The size of a part of a plain file, in bytes.
    public static let partSize = 16 << 20

    /// The parts in which the log is read: several for a large plain file whose records are lines.
    ///
    /// - Parameter partSize: Bytes of a part.
    /// - Throws: `StoredLogProblem` if the log cannot be opened.
    public func parts(of partSize: Int = partSize) throws(StoredLogProblem) -> [LogPart] {
        guard isRegularFile, let size, size > partSize, try hasRecordsOfOneLine() else {
            return [LogPart(log: self, range: nil, isLast: true)]
        }
        // A record of several lines behind them is found when it is read.
        return stride(from: 0, to: size, by: partSize).map { start in
            let end = min(start + partSize, size)
            return LogPart(log: self, range: start..<end, isLast: end == size)
        }
    }
}

extension StoredLog {
    /// Whether each line is a record, by its format and its first bytes.
    private func hasRecordsOfOneLine() throws(StoredLogProblem) -> Bool {
        guard format.hasRecordsOfOneLine, try !LogBytes(self).isCompressed else { return false }
        let beginning = firstBytes() ?? []
        guard let start = beginning.firstIndex(where: { !Self.isSpace($0) }) else { return true }
        guard let end = beginning[start...].firstIndex(of: 10) else { return false }
        // An array, or an object that is printed over many lines.
        let isPrinted =
            beginning[start] == UInt8(ascii: "{") && beginning[start..<end].dropFirst().allSatisfy(Self.isSpace)
        return beginning[start] != UInt8(ascii: "[") && !isPrinted
    }
}

extension StoredLog {
    private static func isSpace(_ byte: UInt8) -> Bool { [0, 9, 10, 13, 32].contains(byte) }
}

/// Reads the lines that begin in a range of a plain file.
struct RangeReader: ~Copyable {
    /// A piece of whole lines, and the number of bytes that were read for it.
    struct Step {
        var piece: LineBuffer.Piece
        var storedBytes: Int
        /// Whether nothing follows that a record could go on in.
        var isLast = true
    }

    // Enough for the rest of most lines.
    private static let endSize = 64 << 10

    private let log: OpenLog
    private let range: Range<Int>
    private let isLast: Bool
    private var isAtEnd = false
    private(set) var lines: LineBuffer

    init(_ log: StoredLog, _ range: Range<Int>, isLast: Bool, memory: consuming [UInt8]) throws(StoredLogProblem) {
        self.log = try OpenLog(log)
        self.range = range
        self.isLast = isLast
        // A line that begins before the range belongs to the part before: its rest is skipped.
        let start = max(0, range.lowerBound - 1)
        // Each record is a line here, and is read when it is complete.
        lines = LineBuffer(
            offset: start, isSkipping: range.lowerBound > 0, passesOpenLines: false, memory: memory)
    }

    /// The buffer, for the next part.
    consuming func takeMemory() -> [UInt8] { lines.bytes }

    /// The next piece; `nil` when all lines of the range were read.
    mutating func next() throws(StoredLogProblem) -> Step? {
        guard !isAtEnd else { return nil }
        let isBehind = !isLast && lines.end >= range.upperBound
        // The line that goes beyond the range is read to its end. The rest of an oversized one is skipped by the next
        // part.
        if isBehind, lines.isSkipping || lines.offset >= range.upperBound {
            isAtEnd = true
            return nil
        }
        let wanted =
            isBehind ? Self.endSize : isLast ? OpenLog.readSize : min(range.upperBound - lines.end, OpenLog.readSize)
        let start = lines.end
        let outcome = lines.readPiece(expecting: wanted) { [descriptor = log.descriptor] buffer in
            while true {
                let got = pread(descriptor, buffer.baseAddress, buffer.count, start)
                if got >= 0 || errno != EINTR { return got }
            }
        }
        let read = lines.end - start
        switch outcome {
        case .piece(var piece):
            if isBehind, piece.consumed > 0 {
                isAtEnd = true
                // An oversized line that ended: the lines behind it belong to the next part.
                piece.length = piece.oversizedLines.isEmpty ? firstLine(of: piece) : 0
            }
            return Step(piece: piece, storedBytes: read, isLast: false)
        case .failed(let code): throw log.failure(code, at: start)
        case .end:
            isAtEnd = true
            return lines.takeRest().map { Step(piece: $0, storedBytes: 0) }
        }
    }

    private func firstLine(of piece: LineBuffer.Piece) -> Int {
        let end = lines.bytes[..<piece.length].firstIndex { $0 == 10 || $0 == 0 }
        return end.map { $0 + 1 } ?? piece.length
    }
}
