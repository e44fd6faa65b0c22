import Compression
import Glibc

/// Why a log cannot be opened or read.
enum FileFailure: Error, Hashable, CustomStringConvertible {
    /// It cannot be opened; with `errno`.
    case open(Int32)
    /// It is open, but reading it failed; with `errno`.
    case read(Int32)
    case notALog

    /// Whether an `errno` means that there is nothing for this process to read, and not that reading failed.
    static func isPermanent(_ code: Int32) -> Bool {
        [ENOENT, ENOTDIR, EACCES, EPERM, ELOOP].contains(code)
    }

    var description: String {
        switch self {
        case .open(let code), .read(let code): String(cString: strerror(code))
        case .notALog: "neither a file nor a FIFO"
        }
    }
}

/// Reads at an offset of a descriptor, as `pread(2)` does. Tests replace it by one that fails.
typealias PositionalRead = @Sendable (Int32, UnsafeMutableRawBufferPointer, Int) -> Int

/// A log that is open: a file, or a FIFO.
///
/// "Cannot be read" is an error of its own everywhere here, and never the answer to whether two files are alike: only
/// bytes that were read and differ show that a log was truncated.
final class LogFile: LogReader {
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
    private let pread: PositionalRead
    private var lastSize = 0

    static let systemRead: PositionalRead = { Glibc.pread($0, $1.baseAddress, $1.count, $2) }

    /// - Parameters:
    ///   - name: What to open.
    ///   - path: Under which path the log is followed that it is part of.
    ///   - pread: How it is read.
    init(name: String, path: String, reading pread: @escaping PositionalRead = systemRead) throws(FileFailure) {
        // Opening must not wait for a FIFO's writer, nor do anything to a device.
        var information = stat()
        guard stat(name, &information) == 0 else { throw .open(errno) }
        guard Self.isLog(information) else { throw .notALog }
        let descriptor = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .open(errno) }
        // What was opened, which may not be what was looked at.
        guard fstat(descriptor, &information) == 0, Self.isLog(information) else {
            close(descriptor)
            throw .notALog
        }
        self.name = name
        self.path = path
        self.descriptor = descriptor
        self.pread = pread
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

    /// The file's size in bytes; of a FIFO, the number of bytes that were read.
    func size() throws(FileFailure) -> Int {
        guard !isFIFO else { return lines.end }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw .read(errno) }
        return max(0, information.st_size)
    }

    var unreadBytes: Int { max(0, ((try? size()) ?? lastSize) - lines.offset) }

    /// How it is compressed; `nil` where it is not.
    func compression() throws(FileFailure) -> CompressionFormat? {
        isFIFO ? nil : CompressionFormat(beginning: try bytes(at: 0, count: CompressionFormat.magicLength))
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
    func holds(_ position: FilePosition) throws(FileFailure) -> Bool {
        guard !isFIFO else { return false }
        // In any other file than the same one, nothing read says nothing.
        guard position.fingerprint.length > 0 else { return position.inode == inode && position.offset == 0 }
        return Fingerprint(of: try bytes(before: position.offset, count: position.fingerprint.length))
            == position.fingerprint
    }

    /// Whether it holds what was read of another file, or, where nothing was read yet, begins as that one does.
    func isCopy(of other: LogFile) throws(FileFailure) -> Bool {
        guard !isFIFO, let position = other.position else { return false }
        guard position.offset == 0 else { return try holds(position) }
        return other.isUnread(beginningWith: try bytes(at: 0, count: Fingerprint.limit))
    }

    /// Whether it may be a copy of another file that is being made: it ends before the place up to which that was read,
    /// and holds what that holds there.
    ///
    /// Throws also where the other file cannot be read. Such a log waits: if it is a copy, everything in it was counted.
    func mayBecomeCopy(of other: LogFile) throws(FileFailure) -> Bool {
        guard !isFIFO, !other.isFIFO else { return false }
        let size = try size()
        guard size < other.lines.offset else { return false }
        let count = min(size, Fingerprint.limit)
        return try bytes(before: size, count: count) == other.bytes(before: size, count: count)
    }

    /// Whether nothing was read of it yet, and it begins like some bytes.
    ///
    /// `false` where it cannot be read. Nothing of it was counted then, so the bytes may be read elsewhere.
    func isUnread(beginningWith bytes: [UInt8]) -> Bool {
        guard !isFIFO, lines.offset == 0, let size = try? size() else { return false }
        let count = min(size, bytes.count, Fingerprint.limit)
        return count > 0 && (try? self.bytes(at: 0, count: count)) == Array(bytes.prefix(count))
    }

    /// Goes on where the file, or the one it is a copy of, was left.
    ///
    /// - Parameter position: One that this file holds.
    func resume(at position: FilePosition) throws(FileFailure) {
        try restart(at: position.offset, isSkipping: position.isInSkippedLine)
    }

    /// Moves to the end, also within a line.
    func skipToEnd() throws(FileFailure) {
        try restart(at: try size())
    }

    /// Moves to the beginning of the last line that is not finished, or to the end where there is none.
    func skipToLastLine() throws(FileFailure) {
        guard !isFIFO else { return }
        let end = try size()
        let step = 64 << 10
        var place = end
        while place > max(0, end - LineBuffer.lineLimit) {
            let chunk = try bytes(before: place, count: min(step, place))
            guard !chunk.isEmpty else { break }
            if let feed = chunk.lastIndex(of: 10) { return try restart(at: place - chunk.count + feed + 1) }
            place -= chunk.count
        }
        try restart(at: place == 0 ? 0 : end, isSkipping: place != 0)
    }

    private func restart(at offset: Int, isSkipping: Bool = false) throws(FileFailure) {
        lines = LineBuffer(
            offset: offset, tail: try bytes(before: offset, count: Fingerprint.limit), isSkipping: isSkipping)
        isAtEnd = false
    }

    /// The bytes before a place, as many as there are; none where the file does not reach there.
    private func bytes(before offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        let count = min(count, offset)
        let bytes = try bytes(at: offset - count, count: count)
        return bytes.count == count ? bytes : []
    }

    /// The bytes at a place; fewer where the file ends.
    func bytes(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        var failure: FileFailure?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized..<count])
                let got = pread(descriptor, rest, offset + initialized)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = .read(errno) }
                guard got > 0 else { return }
                initialized += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    // MARK: Reading

    func look() {
        isAtEnd = false
    }

    func read() -> LogOutcome {
        guard !isFIFO else {
            return outcome(
                of: lines.readPiece(expecting: Self.pipeSize) { Glibc.read(descriptor, $0.baseAddress, $0.count) })
        }
        let position = position
        do throws(FileFailure) {
            let size = try size()
            let end = lines.end
            guard size >= end else { return truncated(formerly: position) }
            let lastBytes = lines.lastBytes
            guard size > end else {
                guard try bytes(before: end, count: lastBytes.count) == lastBytes else {
                    return truncated(formerly: position)
                }
                lines.releaseSpace()
                lastSize = size
                return outcome(of: .end)
            }
            var isTruncated = false
            let read = lines.readPiece(expecting: size - end) { buffer in
                let got = pread(descriptor, buffer, end)
                guard got >= 0 else { return got }
                // Compared after reading: what was truncated before or meanwhile must not be taken for a continuation.
                // What is discarded here is read from the copy, where one was made.
                do throws(FileFailure) {
                    isTruncated = try bytes(before: end, count: lastBytes.count) != lastBytes
                    return isTruncated ? 0 : got
                } catch {
                    if case .read(let code) = error { errno = code }
                    return -1
                }
            }
            guard !isTruncated else { return truncated(formerly: position) }
            if case .failed = read {} else { lastSize = size }
            return outcome(of: read)
        } catch {
            isAtEnd = true
            return .failed(error)
        }
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
            return code == EAGAIN || code == EINTR ? .end : .failed(.read(code))
        case .end:
            isAtEnd = true
            return .end
        }
    }

    private func truncated(formerly former: FilePosition?) -> LogOutcome {
        lastSize = 0
        lines = LineBuffer(offset: 0)
        isAtEnd = false
        guard var former else { return .end }
        // The file of this number has another content now.
        former.inode = .none
        former.isFinished = true
        return .truncated(former: former)
    }
}
