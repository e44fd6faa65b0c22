import Glibc

/// A log that is open: a file, or a FIFO.
final class LogFile {
    /// What reading on comes to.
    enum Outcome {
        /// Bytes came; the piece may be empty where they end no line. Its bytes are those of `lines`.
        case piece(LineBuffer.Piece)
        /// Nothing is there now.
        case end
        /// It was emptied, and perhaps written anew, since it had been read up to `former`; reading begins at its
        /// start again.
        case truncated(former: ReadPosition)
        /// `errno` says what went wrong.
        case failed(Int32)
    }

    /// Why a log cannot be opened.
    enum OpenFailure: Error, CustomStringConvertible {
        case error(Int32)
        case notALog

        var description: String {
            switch self {
            case .error(let code): String(cString: strerror(code))
            case .notALog: "neither a file nor a FIFO"
            }
        }
    }

    /// What Linux holds in a pipe unless told otherwise.
    private static let pipeSize = 64 << 10

    /// Under which path it was opened.
    let path: String
    let inode: Inode
    let isFIFO: Bool
    private(set) var lines = LineBuffer(offset: 0)
    /// Whether all was read that was there at the last look, or all that can be read.
    private(set) var isAtEnd = false

    private let descriptor: Int32

    /// - Throws: `OpenFailure`
    init(path: String) throws(OpenFailure) {
        // Opening must not wait for a FIFO's writer, nor do anything to a device.
        var information = stat()
        guard stat(path, &information) == 0 else { throw .error(errno) }
        guard Self.isLog(information) else { throw .notALog }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .error(errno) }
        // What was opened, which may not be what was looked at.
        guard fstat(descriptor, &information) == 0, Self.isLog(information) else {
            close(descriptor)
            throw .notALog
        }
        self.path = path
        self.descriptor = descriptor
        inode = Inode(information)
        isFIFO = information.st_mode & S_IFMT == S_IFIFO
    }

    deinit {
        close(descriptor)
    }

    private static func isLog(_ information: stat) -> Bool {
        let kind = information.st_mode & S_IFMT
        return kind == S_IFREG || kind == S_IFIFO
    }

    /// How many bytes it has; as many as were read where that cannot be said.
    var size: Int {
        var information = stat()
        guard !isFIFO, fstat(descriptor, &information) == 0 else { return lines.end }
        return information.st_size
    }

    // MARK: Positions

    /// Where reading goes on; `nil` for a FIFO, which cannot be read again.
    var position: ReadPosition? {
        guard !isFIFO else { return nil }
        return ReadPosition(
            path: path, inode: inode, offset: lines.offset, fingerprint: Fingerprint(of: lines.tail),
            isInSkippedLine: lines.isSkipping)
    }

    /// Whether a position is one in this file: it is the same file or a copy, and holds before that place what was read
    /// there.
    func holds(_ position: ReadPosition) -> Bool {
        guard !isFIFO else { return false }
        // In any other file than the same one, nothing read says nothing.
        guard position.fingerprint.length > 0 else { return position.inode == inode && position.offset == 0 }
        return Fingerprint(of: bytes(before: position.offset, count: position.fingerprint.length))
            == position.fingerprint
    }

    /// Whether it holds what was read of another file, or, where nothing was read yet, begins as that one does.
    func isCopy(of other: LogFile) -> Bool {
        guard !isFIFO, let position = other.position else { return false }
        guard position.offset == 0 else { return holds(position) }
        let count = min(size, other.size, Fingerprint.limit)
        return count > 0 && bytes(before: count, count: count) == other.bytes(before: count, count: count)
    }

    /// Goes on where the file, or the one it is a copy of, was left.
    ///
    /// - Parameter position: One that this file holds.
    func resume(at position: ReadPosition) {
        restart(at: position.offset, isSkipping: position.isInSkippedLine)
    }

    /// Moves to the end, also within a line.
    func skipToEnd() {
        restart(at: size)
    }

    /// Moves to the beginning of the last line that is not finished, or to the end where there is none.
    func skipToLastLine() {
        guard !isFIFO else { return }
        let end = size
        let step = 64 << 10
        var place = end
        while place > max(0, end - LineBuffer.lineLimit) {
            let chunk = bytes(before: place, count: min(step, place))
            guard !chunk.isEmpty else { break }
            if let feed = chunk.lastIndex(of: 10) { return restart(at: place - chunk.count + feed + 1) }
            place -= chunk.count
        }
        restart(at: place == 0 ? 0 : end, isSkipping: place != 0)
    }

    private func restart(at offset: Int, isSkipping: Bool = false) {
        lines = LineBuffer(
            offset: offset, tail: bytes(before: offset, count: Fingerprint.limit), isSkipping: isSkipping)
        isAtEnd = false
    }

    /// The bytes before a place, as many as there are; none where the file does not reach there.
    private func bytes(before offset: Int, count: Int) -> [UInt8] {
        let count = min(count, offset)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let got = pread(descriptor, buffer.baseAddress, count, offset - count)
            initialized = got == count ? count : 0
        }
    }

    // MARK: Reading

    /// Something may have been written since it was read last.
    func look() {
        isAtEnd = false
    }

    /// Reads once.
    func read() -> Outcome {
        if isFIFO {
            return outcome(
                of: lines.readPiece(expecting: Self.pipeSize) { Glibc.read(descriptor, $0.baseAddress, $0.count) })
        }
        let size = size
        guard size >= lines.end else { return truncated(formerly: position) }
        let former = (position: position, end: lines.end, lastBytes: lines.lastBytes)
        var read = LineBuffer.Outcome.end
        if size > former.end {
            read = lines.readPiece(expecting: size - former.end) {
                pread(descriptor, $0.baseAddress, $0.count, former.end)
            }
        } else {
            lines.releaseSpace()
        }
        // Looked at after reading: what was truncated before or meanwhile must not be taken for a continuation. What
        // is discarded here is read from the copy, where one was made.
        guard bytes(before: former.end, count: former.lastBytes.count) == former.lastBytes else {
            return truncated(formerly: former.position)
        }
        return outcome(of: read)
    }

    /// What stands behind the last line feed, as a last line; for a log that ends here.
    func takeRest() -> LineBuffer.Piece? {
        lines.takeRest()
    }

    private func outcome(of read: LineBuffer.Outcome) -> Outcome {
        switch read {
        case .piece(let piece):
            isAtEnd = false
            return .piece(piece)
        case .failed(let code):
            isAtEnd = true
            return code == EAGAIN || code == EINTR ? .end : .failed(code)
        case .end:
            isAtEnd = true
            return .end
        }
    }

    private func truncated(formerly former: ReadPosition?) -> Outcome {
        restart(at: 0)
        return former.map { .truncated(former: $0) } ?? .end
    }
}
