import Compression
import Glibc

/// A log that is open: a file, or a FIFO.
final class LogFile: LogReader {
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

    let name: String
    /// Under which path the log is followed that it is part of.
    let path: String
    let inode: Inode
    let isFIFO: Bool
    let mayGrow = true
    private(set) var lines = LineBuffer(offset: 0)
    private(set) var isAtEnd = false

    private let descriptor: Int32
    private var lastSize = 0

    /// - Parameters:
    ///   - name: What to open.
    ///   - path: Under which path the log is followed that it is part of.
    /// - Throws: `OpenFailure`
    init(name: String, path: String) throws(OpenFailure) {
        // Opening must not wait for a FIFO's writer, nor do anything to a device.
        var information = stat()
        guard stat(name, &information) == 0 else { throw .error(errno) }
        guard Self.isLog(information) else { throw .notALog }
        let descriptor = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .error(errno) }
        // What was opened, which may not be what was looked at.
        guard fstat(descriptor, &information) == 0, Self.isLog(information) else {
            close(descriptor)
            throw .notALog
        }
        self.name = name
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

    var unreadBytes: Int { max(0, size - lines.offset) }

    /// How it is compressed; `nil` where it is not.
    var compression: CompressionFormat? {
        isFIFO ? nil : CompressionFormat(beginning: bytes(at: 0, count: CompressionFormat.magicLength))
    }

    // MARK: Positions

    var position: FilePosition? {
        guard !isFIFO else { return nil }
        return FilePosition(
            path: path, inode: inode, offset: lines.offset, fingerprint: Fingerprint(of: lines.tail),
            isInSkippedLine: lines.isSkipping, size: max(lastSize, lines.end))
    }

    var finalPosition: FilePosition? {
        var final = position
        final?.isFinished = true
        return final
    }

    /// Whether a position is one in this file: it is the same file or a copy, and holds before that place what was read
    /// there.
    func holds(_ position: FilePosition) -> Bool {
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
        return other.isUnread(beginningWith: bytes(at: 0, count: Fingerprint.limit))
    }

    /// Whether it may be a copy of another file that is being made: it ends before the place up to which that was read,
    /// and holds what that holds there.
    func mayBecomeCopy(of other: LogFile) -> Bool {
        let size = size
        guard !isFIFO, !other.isFIFO, size < other.lines.offset else { return false }
        let count = min(size, Fingerprint.limit)
        return bytes(before: size, count: count) == other.bytes(before: size, count: count)
    }

    /// Whether nothing was read of it yet, and it begins like some bytes.
    func isUnread(beginningWith bytes: [UInt8]) -> Bool {
        guard !isFIFO, lines.offset == 0 else { return false }
        let count = min(size, bytes.count, Fingerprint.limit)
        return count > 0 && self.bytes(at: 0, count: count) == Array(bytes.prefix(count))
    }

    /// Goes on where the file, or the one it is a copy of, was left.
    ///
    /// - Parameter position: One that this file holds.
    func resume(at position: FilePosition) {
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
        let bytes = bytes(at: offset - count, count: count)
        return bytes.count == count ? bytes : []
    }

    /// The bytes at a place; fewer where the file ends.
    func bytes(at offset: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, pread(descriptor, buffer.baseAddress, count, offset))
        }
    }

    // MARK: Reading

    func look() {
        isAtEnd = false
    }

    func read() -> LogOutcome {
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
        lastSize = size
        return outcome(of: read)
    }

    func takeRest() -> LineBuffer.Piece? {
        lines.takeRest()
    }

    private func outcome(of read: LineBuffer.Outcome) -> LogOutcome {
        switch read {
        case .piece(let piece):
            isAtEnd = false
            return .piece(piece)
        case .failed(let code):
            isAtEnd = true
            return code == EAGAIN || code == EINTR ? .end : .failed(String(cString: strerror(code)))
        case .end:
            isAtEnd = true
            return .end
        }
    }

    private func truncated(formerly former: FilePosition?) -> LogOutcome {
        lastSize = 0
        restart(at: 0)
        guard var former else { return .end }
        // The file of this number has another content now.
        former.inode = .none
        former.isFinished = true
        return .truncated(former: former)
    }
}
