import Compression

/// Decompresses a log once to find how far it was read, a bounded amount at a time: a few bytes may decompress to many
/// gigabytes, and other logs must not wait.
final class ArchiveSurvey {
    /// The result.
    enum Finding {
        /// It contains unread bytes after the last of these known positions. If it is faulty, the log ends at the fault.
        case unread(ArchivedLog, behind: [FilePosition])
        /// All of it was read, under another name; these are the known positions in it.
        case read(upTo: [FilePosition])
        /// It is a copy of an open file, which is read instead.
        case followed
        /// It is still being written.
        case incomplete
        /// Everything that can be decompressed was read; these are the known positions in it. The rest is lost; the reason
        /// is for people.
        case corrupt(String, behind: [FilePosition])
        /// The file cannot be read.
        case failed(FileFailure)
    }

    /// The number of pieces in one step; a piece has at most 256 KiB.
    static let piecesPerStep = 16

    private let file: LogFile
    private let format: CompressionFormat
    private let isSettled: Bool
    // Positions that may be in it, sorted by offset, the end up to which open files deliver their content, and the bytes
    // of the head of an open record.
    private var candidates: ArraySlice<(position: FilePosition, end: Int, head: [UInt8])> = []
    private var decompressed: DecompressedLog
    private var held: [FilePosition] = []
    // Positions at the beginning of files with the same first line, of which nothing was read.
    private var unread: [FilePosition] = []
    private var beginning: UInt64?
    private var followedEnd = 0
    /// A held position, the bytes before it, and those of the head of its open record.
    private struct Start {
        let position: FilePosition
        let tail: [UInt8]
        let head: [UInt8]
    }

    // The last held position at which a record may begin.
    private var start: Start?
    // One at the end of the last piece, until the byte behind it is there.
    private var undecided: Start?
    // The number of decompressed bytes, and the last of them.
    private var offset = 0
    private var lastBytes: [UInt8] = []

    /// - Parameters:
    ///   - file: A compressed file.
    ///   - format: Its format.
    ///   - isSettled: Whether it has not changed for a while: if it is cut off, nothing will complete it.
    init(_ file: LogFile, _ format: CompressionFormat, isSettled: Bool) {
        self.file = file
        self.format = format
        self.isSettled = isSettled
        decompressed = DecompressedLog(file, format)
    }

    /// Does one step.
    ///
    /// - Parameters:
    ///   - known: The read positions of all logs.
    ///   - followed: The open files. Both are used when the first bytes are decompressed: a file that is unread until
    ///     then is found by its beginning, and any other one by its position.
    /// - Returns: The result; `nil` if more steps are needed.
    func advance(known: @autoclosure () -> [FilePosition], followed: [LogFile]) -> Finding? {
        do throws(DecompressedLog.Failure) {
            for _ in 0..<Self.piecesPerStep {
                guard let piece = try decompressed.next() else { return finding(fault: nil) }
                guard !piece.isEmpty else { continue }
                if offset == 0 {
                    if followed.contains(where: { $0.isUnread(beginningWith: piece) }) { return .followed }
                    let known = known()
                    candidates =
                        (known.map { ($0, 0, []) }
                        + followed.compactMap { file in
                            file.position.map { ($0, file.isReadToEnd ? file.lines.end : .max, []) }
                        })
                        .filter { $0.0.fingerprint.length > 0 }.sorted { $0.0.offset < $1.0.offset }[...]
                    beginning = LogFile.beginning(piece[...])
                    unread = known.filter {
                        $0.fingerprint.length == 0 && $0.size > 0 && beginning != nil && $0.beginning == beginning
                    }
                }
                take(piece)
            }
            return nil
        } catch {
            return switch error {
            case .compression(.truncated) where !isSettled: .incomplete
            case .compression(let error): finding(fault: "\(error)")
            case .file(let failure): .failed(failure)
            }
        }
    }

    private func take(_ piece: [UInt8]) {
        if let place = undecided, LogFile.isBetweenObjects(place.tail[...], piece.first) { start = place }
        undecided = nil
        for index in candidates.indices {
            guard let head = candidates[index].position.head else { continue }
            let range = head.clamped(to: offset..<offset + piece.count)
            candidates[index].head += piece[range.lowerBound - offset..<range.upperBound - offset]
        }
        while let (candidate, end, bytes) = candidates.first, candidate.offset <= offset + piece.count {
            candidates.removeFirst()
            let before = LineBuffer.lastBytes(lastBytes, piece[..<(candidate.offset - offset)])
            guard Fingerprint(of: before.suffix(candidate.fingerprint.length)) == candidate.fingerprint else {
                continue
            }
            held.append(candidate)
            // An open file that has a part of it is read on first, as long as it has more, if only an incomplete line.
            followedEnd = max(followedEnd, end)
            // An incomplete last line, which was taken for a whole one, is read again if it goes on here.
            let isExact = candidate.isInSkippedLine || candidate.head != nil
            let place = Start(position: candidate, tail: before, head: bytes)
            let next = candidate.offset < offset + piece.count ? piece[candidate.offset - offset] : nil
            if isExact || before.last.map(LogFile.endsLine) ?? true || LogFile.isBetweenObjects(before[...], next) {
                start = place
            } else if next == nil {
                undecided = place
            }
        }
        offset += piece.count
        lastBytes = LineBuffer.lastBytes(lastBytes, piece[...])
    }

    /// - Parameter fault: Why it could not be decompressed further; `nil` at its end.
    private func finding(fault: String?) -> Finding {
        let isRead = held.last.map { $0.offset == offset } ?? false
        let known = unread.filter { $0.size <= offset } + held
        if let fault, isRead || offset == 0 { return .corrupt(fault, behind: known) }
        if isRead { return .read(upTo: known) }
        if followedEnd > 0, offset <= followedEnd { return .followed }
        let place = start?.position.place ?? ReadPlace(offset: 0)
        let lines = LineBuffer(at: place, tail: start?.tail ?? [], head: start?.head ?? [], headTail: [])
        let archive = ArchivedLog(file, format, from: lines, length: offset, fault: fault)
        archive.beginning = beginning
        return .unread(archive, behind: known)
    }
}

/// A rotated log that was compressed before it was read to the end.
final class ArchivedLog: LogReader {
    var name: String { file.name }
    var path: String { file.path }
    var inode: Inode { file.inode }
    let mayGrow = false
    var links: Int { file.links }
    /// See `FilePosition.countsFrom`.
    var countsFrom: Double?
    /// See `FilePosition.beginning`.
    fileprivate(set) var beginning: UInt64?
    private(set) var lines: LineBuffer
    private(set) var isAtEnd = false
    /// Why the log ends before its content does; `nil` for a whole one.
    private(set) var fault: String?

    /// The size of the decompressed log, as far as it can be decompressed.
    let length: Int

    private let file: LogFile
    private var decompressed: DecompressedLog
    private var piece: ArraySlice<UInt8> = []
    // Bytes to skip before the position where reading begins.
    private var toSkip: Int
    // Whether the next look may continue reading after a failure.
    private var canContinue = true

    /// - Parameters:
    ///   - lines: Where reading begins.
    ///   - length: The size of the decompressed log, as far as it can be decompressed.
    ///   - fault: Why it cannot be decompressed further.
    fileprivate init(
        _ file: LogFile, _ format: CompressionFormat, from lines: LineBuffer, length: Int, fault: String?
    ) {
        self.file = file
        self.length = length
        self.fault = fault
        decompressed = DecompressedLog(file, format)
        toSkip = lines.end
        self.lines = lines
    }

    var unreadBytes: Int { max(0, length - lines.place.offset) }

    var position: FilePosition? {
        let place = lines.place
        return FilePosition(
            path: file.path, inode: inode, offset: place.offset, fingerprint: Fingerprint(of: lines.placeTail),
            isInSkippedLine: place.isInSkippedLine, size: length, countsFrom: countsFrom, beginning: beginning,
            head: place.head)
    }

    func version() throws(FileFailure) -> FileVersion { try file.version() }

    /// The end of the compressed bytes, which identifies the file without decompressing it. `nil` if they cannot be read;
    /// the file is then surveyed again.
    var finalPosition: FilePosition? {
        do throws(FileFailure) {
            try file.skipToEnd()
        } catch {
            return nil
        }
        return file.finalPosition
    }

    func look() {
        if canContinue, isAtEnd, lines.offset < length { isAtEnd = false }
    }

    func read() -> LogOutcome {
        do throws(DecompressedLog.Failure) {
            var pieces = 0
            while piece.isEmpty {
                guard pieces < ArchiveSurvey.piecesPerStep else { return .working }
                pieces += 1
                guard let next = try decompressed.next() else {
                    isAtEnd = true
                    canContinue = false
                    return .end
                }
                piece = next[...].dropFirst(toSkip)
                toSkip -= next.count - piece.count
            }
        } catch {
            isAtEnd = true
            switch error {
            case .file(let failure): return .failed(failure)
            case .compression(let error):
                // Without a known fault the survey could decompress it; the file has changed since.
                fault = fault ?? "\(error)"
                canContinue = false
                return .end
            }
        }
        return lines.readPiece(from: &piece).map { .piece($0) } ?? .end
    }

    func takeRest() -> LineBuffer.Piece? {
        lines.takeRest()
    }

    func takeWaiting() -> LineBuffer.Piece {
        lines.takeWaiting()
    }

    func giveBack(_ count: Int, head: Range<Int>?) {
        lines.giveBack(count, head: head)
    }

    func skipLine() {
        lines.skipLine()
    }
}

extension LogLoss {
    /// The loss of what an archive has behind a fault. Everything before it is read.
    init(_ fault: String, of archive: any LogReader, at offset: Int, knownBytes: Int = 0) {
        self.init(
            path: archive.path, offset: offset, knownBytes: knownBytes, reason: "\(archive.name): \(fault)")
    }

    /// The loss of what could be decompressed before and no longer can; `nil` if everything was read.
    init?(unreadRestOf file: any LogReader) {
        guard let archive = file as? ArchivedLog, let fault = archive.fault, archive.unreadBytes > 0 else { return nil }
        self.init(fault, of: archive, at: archive.lines.place.offset, knownBytes: archive.unreadBytes)
    }
}

/// The decompressed content of a log, piece by piece.
struct DecompressedLog: ~Copyable {
    /// Why the next piece cannot be read.
    enum Failure: Error {
        /// The file cannot be read; the next call tries again.
        case file(FileFailure)
        case compression(DecompressionError)
    }

    private static let readSize = 256 << 10

    private let file: LogFile
    private var decompressor: Decompressor
    private var offset = 0

    init(_ file: LogFile, _ format: CompressionFormat) {
        self.file = file
        decompressor = Decompressor(format)
    }

    /// The first bytes of the content, at most 256 KiB; none if it has none, or not near its beginning.
    static func beginning(of file: LogFile, _ format: CompressionFormat) throws(Failure) -> [UInt8] {
        var log = DecompressedLog(file, format)
        for _ in 0..<ArchiveSurvey.piecesPerStep {
            guard let piece = try log.next() else { break }
            if !piece.isEmpty { return piece }
        }
        return []
    }

    /// The next piece, at most 256 KiB. It is empty if compressed bytes were read that contain no data, and `nil` at the
    /// end.
    ///
    /// - Throws: `Failure`; with `DecompressionError.truncated` for a file that is still being written.
    mutating func next() throws(Failure) -> [UInt8]? {
        do throws(DecompressionError) {
            if let piece = try decompressor.next() { return piece }
        } catch {
            throw .compression(error)
        }
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try file.bytes(at: offset, count: Self.readSize)
        } catch {
            throw .file(error)
        }
        guard bytes.isEmpty else {
            offset += bytes.count
            decompressor.feed(bytes)
            return []
        }
        do throws(DecompressionError) {
            try decompressor.finish()
        } catch {
            throw .compression(error)
        }
        return nil
    }
}
