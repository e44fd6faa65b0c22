import Compression

/// A rotated log that was compressed before it was read to its end.
final class ArchivedLog: LogReader {
    /// What a compressed log turns out to be.
    enum Survey {
        /// It holds something that was not read, behind the last of some positions that were known.
        case unread(ArchivedLog, behind: [FilePosition])
        /// All in it was read up to the last of these positions, under another name.
        case read(upTo: [FilePosition])
        /// A log that is followed is read up to within it, and will be read on without it.
        case followed
        /// It is being written.
        case incomplete
        /// It cannot be unfolded, for a reason for people.
        case corrupt(String)
    }

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
    // Of what stands before the place where reading began.
    private var toSkip: Int

    private init(_ file: LogFile, _ format: CompressionFormat, from start: FilePosition?, tail: [UInt8], length: Int) {
        self.file = file
        self.length = length
        unfolded = UnfoldedLog(file, format)
        toSkip = start?.offset ?? 0
        lines = LineBuffer(offset: toSkip, tail: tail, isSkipping: start?.isInSkippedLine ?? false)
    }

    /// Unfolds a file once to see how far it was read already.
    ///
    /// - Parameters:
    ///   - file: A compressed file.
    ///   - format: How it is compressed.
    ///   - known: How far logs were read; some position of this one may be among them.
    ///   - followed: Files that are open.
    static func survey(
        _ file: LogFile, _ format: CompressionFormat, known: [FilePosition], followed: [LogFile]
    ) -> Survey {
        let candidates = (known.map { ($0, false) } + followed.compactMap(\.position).map { ($0, true) })
            .filter { $0.0.fingerprint.length > 0 }.sorted { $0.0.offset < $1.0.offset }
        var rest = candidates[...]
        var held: [FilePosition] = []
        var isFollowed = false
        var tail: [UInt8] = []
        var unfolded = UnfoldedLog(file, format)
        var lines = LineBuffer(offset: 0)
        do throws(DecompressionError) {
            while let piece = try unfolded.next() {
                let start = lines.offset
                if start == 0, followed.contains(where: { $0.isUnread(beginningWith: piece) }) { return .followed }
                while let (candidate, isOpen) = rest.first, candidate.offset <= start + piece.count {
                    rest.removeFirst()
                    let before = LineBuffer.lastBytes(lines.tail, piece[..<(candidate.offset - start)])
                    let bytes = before.suffix(candidate.fingerprint.length)
                    guard Fingerprint(of: bytes) == candidate.fingerprint else { continue }
                    held.append(candidate)
                    isFollowed = isOpen
                    tail = before
                }
                lines = LineBuffer(offset: start + piece.count, tail: LineBuffer.lastBytes(lines.tail, piece[...]))
            }
        } catch .truncated {
            return .incomplete
        } catch {
            return .corrupt("\(error)")
        }
        if let last = held.last, last.offset == lines.offset { return .read(upTo: held) }
        if isFollowed { return .followed }
        let archive = ArchivedLog(file, format, from: held.last, tail: tail, length: lines.offset)
        return .unread(archive, behind: held)
    }

    var unreadBytes: Int { max(0, length - lines.offset) }

    var position: FilePosition? {
        FilePosition(
            path: file.path, inode: inode, offset: lines.offset, fingerprint: Fingerprint(of: lines.tail),
            isInSkippedLine: lines.isSkipping, size: length)
    }

    /// In the compressed bytes, so that it is known without being unfolded.
    var finalPosition: FilePosition? {
        file.skipToEnd()
        return file.finalPosition
    }

    func look() {}

    func read() -> LogOutcome {
        do throws(DecompressionError) {
            while piece.isEmpty {
                guard let next = try unfolded.next() else {
                    isAtEnd = true
                    return .end
                }
                piece = next[...].dropFirst(toSkip)
                toSkip -= next.count - piece.count
            }
        } catch {
            // It was sound a moment ago.
            isAtEnd = true
            return .failed("\(error)")
        }
        let outcome = lines.readPiece(expecting: piece.count) { buffer in
            let count = min(buffer.count, piece.count)
            buffer.copyBytes(from: piece.prefix(count))
            piece = piece.dropFirst(count)
            return count
        }
        guard case .piece(let read) = outcome else { return .end }
        return .piece(read)
    }

    func takeRest() -> LineBuffer.Piece? {
        lines.takeRest()
    }
}
