import Compression

/// Decompresses a log once to find how far it was read already, a bounded part at a time: a few bytes may decompress to
/// very many, and other logs must not wait for that.
final class ArchiveSurvey {
    /// What a compressed log turns out to be.
    enum Finding {
        /// It holds something that was not read, behind the last of some positions that were known.
        case unread(ArchivedLog, behind: [FilePosition])
        /// All of it was read, up to the last of these positions, under another name.
        case read(upTo: [FilePosition])
        /// A log that is followed is read up to within it, and will be read on without it.
        case followed
        /// It is being written.
        case incomplete
        /// It cannot be decompressed; the reason is for people.
        case corrupt(String)
        /// It cannot be read now.
        case failed(FileFailure)
    }

    /// Pieces of at most 256 KiB that are decompressed in one step.
    static let piecesPerStep = 16

    private let file: LogFile
    private let format: CompressionFormat
    // Positions that may be in it and whether their files are open, by offset.
    private var candidates: ArraySlice<(position: FilePosition, isOpen: Bool)> = []
    private var unfolded: UnfoldedLog
    private var held: [FilePosition] = []
    private var isFollowed = false
    // Where the last of the held positions is: the bytes before it.
    private var tail: [UInt8] = []
    // How far it was decompressed, and the bytes before that place.
    private var offset = 0
    private var lastBytes: [UInt8] = []

    /// - Parameters:
    ///   - file: A compressed file.
    ///   - format: How it is compressed.
    init(_ file: LogFile, _ format: CompressionFormat) {
        self.file = file
        self.format = format
        unfolded = UnfoldedLog(file, format)
    }

    /// Does the next step.
    ///
    /// - Parameters:
    ///   - known: How far logs were read; some position of this one may be among them.
    ///   - followed: Files that are open. Both are used as they are when the first bytes come: a file of which nothing
    ///     was read is compared with these, and one that is read on later is among the open ones then.
    /// - Returns: What the file is; `nil` where it takes more steps to say.
    func advance(known: [FilePosition], followed: [LogFile]) -> Finding? {
        do throws(UnfoldedLog.Failure) {
            for _ in 0..<Self.piecesPerStep {
                guard let piece = try unfolded.next() else { return finding }
                guard !piece.isEmpty else { continue }
                if offset == 0 {
                    if followed.contains(where: { $0.isUnread(beginningWith: piece) }) { return .followed }
                    candidates =
                        (known.map { ($0, false) } + followed.compactMap(\.position).map { ($0, true) })
                        .filter { $0.0.fingerprint.length > 0 }.sorted { $0.0.offset < $1.0.offset }[...]
                }
                take(piece)
            }
            return nil
        } catch {
            return switch error {
            case .compression(.truncated): .incomplete
            case .compression(let error): .corrupt("\(error)")
            case .file(let failure): .failed(failure)
            }
        }
    }

    private func take(_ piece: [UInt8]) {
        while let (candidate, isOpen) = candidates.first, candidate.offset <= offset + piece.count {
            candidates.removeFirst()
            let before = LineBuffer.lastBytes(lastBytes, piece[..<(candidate.offset - offset)])
            guard Fingerprint(of: before.suffix(candidate.fingerprint.length)) == candidate.fingerprint else {
                continue
            }
            held.append(candidate)
            isFollowed = isOpen
            tail = before
        }
        offset += piece.count
        lastBytes = LineBuffer.lastBytes(lastBytes, piece[...])
    }

    private var finding: Finding {
        if let last = held.last, last.offset == offset { return .read(upTo: held) }
        if isFollowed { return .followed }
        return .unread(ArchivedLog(file, format, from: held.last, tail: tail, length: offset), behind: held)
    }
}

/// A rotated log that was compressed before it was read to its end.
final class ArchivedLog: LogReader {
    var name: String { file.name }
    var path: String { file.path }
    var inode: Inode { file.inode }
    let mayGrow = false
    private(set) var lines: LineBuffer
    private(set) var isAtEnd = false

    private let file: LogFile
    private let length: Int
    private var unfolded: UnfoldedLog
    private var piece: ArraySlice<UInt8> = []
    // Bytes before the place where reading began.
    private var toSkip: Int
    // Whether reading goes on at the next look.
    private var canContinue = true

    /// - Parameters:
    ///   - start: Where reading begins; at the beginning where there is none.
    ///   - tail: The bytes before that.
    ///   - length: The size of the decompressed log.
    fileprivate init(
        _ file: LogFile, _ format: CompressionFormat, from start: FilePosition?, tail: [UInt8], length: Int
    ) {
        self.file = file
        self.length = length
        unfolded = UnfoldedLog(file, format)
        toSkip = start?.offset ?? 0
        lines = LineBuffer(offset: toSkip, tail: tail, isSkipping: start?.isInSkippedLine ?? false)
    }

    var unreadBytes: Int { max(0, length - lines.offset) }

    var position: FilePosition? {
        FilePosition(
            path: file.path, inode: inode, offset: lines.offset, fingerprint: Fingerprint(of: lines.tail),
            isInSkippedLine: lines.isSkipping, size: length)
    }

    /// The end of the compressed bytes, by which it is known without being decompressed; `nil` where that cannot be
    /// read, so that it is decompressed again to find that it was read.
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
        do throws(UnfoldedLog.Failure) {
            var pieces = 0
            while piece.isEmpty {
                guard pieces < ArchiveSurvey.piecesPerStep else { return .working }
                pieces += 1
                guard let next = try unfolded.next() else {
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
                // It was sound a moment ago.
                canContinue = false
                return .corrupt("\(error)")
            }
        }
        return lines.readPiece(from: &piece).map { .piece($0) } ?? .end
    }

    func takeRest() -> LineBuffer.Piece? {
        lines.takeRest()
    }
}

/// The decompressed content of a log, piece by piece.
struct UnfoldedLog: ~Copyable {
    /// Why there is no next piece.
    enum Failure: Error {
        /// The file cannot be read now; the next call tries again.
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

    /// The next piece, at most 256 KiB; empty where compressed bytes were read that hold nothing, `nil` at the end.
    ///
    /// - Throws: `Failure`; `DecompressionError.truncated` where the file ends too early, as one does that is still
    ///   being written.
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
