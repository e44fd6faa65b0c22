import AuditEvents
import Compression
import Glibc

/// Why a log cannot be opened or read.
enum FileFailure: Error, Hashable, CustomStringConvertible {
    /// It cannot be opened; with `errno`.
    case open(Int32)
    /// It is open, but reading it failed; with `errno`.
    case read(Int32)
    case directory
    case notALog

    /// Whether an `errno` means that this process has nothing to read there, not that reading failed.
    static func isPermanent(_ code: Int32) -> Bool {
        [ENOENT, ENOTDIR, EACCES, EPERM, ELOOP].contains(code)
    }

    var description: String {
        switch self {
        case .open(let code), .read(let code): String(cString: strerror(code))
        case .directory: "a directory; name the log in it, or a glob such as DIRECTORY/*.log"
        case .notALog: "neither a file nor a FIFO"
        }
    }
}

/// Reads at an offset of a descriptor, like `pread(2)`. Tests replace it to make reads fail.
typealias PositionalRead = @Sendable (Int32, UnsafeMutableRawBufferPointer, Int) -> Int

/// An open log: a file or a FIFO.
///
/// Methods that compare content throw if it cannot be read. A failed read is not a difference: only bytes that were read
/// and differ show that a log was truncated.
final class LogFile: LogReader {
    /// The distance of marks, in bytes, and their maximum number; beyond it every second one is dropped.
    private static let markDistance = 1 << 20
    private static let markLimit = 16
    /// The default capacity of a pipe on Linux.
    private static let pipeSize = 64 << 10
    /// `SEEK_DATA` of lseek(2), which Swift does not import.
    private static let seekData: Int32 = 3

    let name: String
    /// The path of the log that it is part of.
    let path: String
    let inode: Inode
    let isFIFO: Bool
    let mayGrow = true
    private(set) var lines = LineBuffer(offset: 0)
    private(set) var isAtEnd = false

    /// See `FilePosition.countsFrom`.
    var countsFrom: Double?
    /// See `FilePosition.beginning`.
    private(set) var beginning: UInt64?
    /// The number of truncations that were found while it is open.
    private(set) var truncations = 0
    private var marks: [FilePosition.Mark] = []

    private let descriptor: Int32
    private let pread: PositionalRead
    private var lastSize = 0

    static let systemRead: PositionalRead = { Glibc.pread($0, $1.baseAddress, $1.count, $2) }

    /// - Parameters:
    ///   - name: The path to open.
    ///   - path: The path of the log that it is part of.
    ///   - pread: Reads the file.
    init(name: String, path: String, reading pread: @escaping PositionalRead = systemRead) throws(FileFailure) {
        // Opening must not wait for the writer of a FIFO, and must not touch a device.
        var information = stat()
        guard stat(name, &information) == 0 else { throw .open(errno) }
        guard Self.isLog(information) else { throw .notALog }
        let descriptor = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .open(errno) }
        // The opened file may be another one than the first stat saw.
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

    /// The file's size in bytes; for a FIFO, the number of bytes read.
    func size() throws(FileFailure) -> Int {
        guard !isFIFO else { return lines.end }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw .read(errno) }
        return max(0, information.st_size)
    }

    /// What `stat` says about the open file.
    func version() throws(FileFailure) -> FileVersion {
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw .read(errno) }
        return FileVersion(information)
    }

    var links: Int {
        var information = stat()
        return fstat(descriptor, &information) == 0 ? Int(clamping: information.st_nlink) : 1
    }

    /// Whether all of its bytes were read, including those of an incomplete last line.
    var isReadToEnd: Bool { !isFIFO && ((try? size()).map { lines.end >= $0 } ?? false) }

    var unreadBytes: Int { max(0, ((try? size()) ?? lastSize) - lines.place.offset) }

    /// The compression format; `nil` for a plain file.
    func compression() throws(FileFailure) -> CompressionFormat? {
        isFIFO ? nil : CompressionFormat(beginning: try bytes(at: 0, count: CompressionFormat.magicLength))
    }

    // MARK: Positions

    var position: FilePosition? {
        guard !isFIFO else { return nil }
        let place = lines.place
        return FilePosition(
            path: path, inode: inode, offset: place.offset, fingerprint: Fingerprint(of: lines.placeTail),
            isInSkippedLine: place.isInSkippedLine, size: max(lastSize, lines.end), countsFrom: countsFrom,
            beginning: beginning, marks: marks.filter { $0.offset < lines.offset }, head: place.head)
    }

    var finalPosition: FilePosition? {
        var final = position
        final?.isFinished = true
        return final
    }

    /// Hashes the first line, or its first bytes, unless that was done.
    ///
    /// - Returns: `nil` as long as the line is incomplete.
    @discardableResult
    func findBeginning() throws(FileFailure) -> UInt64? {
        // Before anything was read, it may have been replaced by other content.
        if beginning == nil || lines.place.offset == 0, !isFIFO {
            beginning = Self.beginning(try bytes(at: 0, count: Fingerprint.limit)[...])
        }
        return beginning
    }

    private func noteBeginning(_ piece: LineBuffer.Piece) {
        if piece.offset == 0, piece.length > 0, !piece.isContinued {
            beginning = Self.beginning(lines.bytes[..<piece.length])
        } else if beginning == nil, lines.offset > 0 {
            _ = try? findBeginning()
        }
    }

    /// Resumes reading at a position.
    ///
    /// - Parameter position: A position in this file.
    func resume(at position: FilePosition) throws(FileFailure) {
        try restart(at: position.place)
        marks = position.marks
        countsFrom = position.countsFrom
    }

    /// Resumes reading at a mark of a position.
    func resume(at position: FilePosition, from mark: FilePosition.Mark) throws(FileFailure) {
        try restart(at: mark.offset)
        marks = position.marks.filter { $0.offset <= mark.offset }
        countsFrom = position.countsFrom
    }

    /// Moves to the end, even within a line.
    func skipToEnd() throws(FileFailure) {
        try move(to: try size(), isSkipping: false)
    }

    /// Moves to the beginning of the last line if it is incomplete, or to the end.
    func skipToLastLine() throws(FileFailure) {
        guard !isFIFO else { return }
        try begin(at: try size())
    }

    /// Continues at an offset.
    func restart(at offset: Int) throws(FileFailure) {
        try restart(at: ReadPlace(offset: offset))
    }

    /// Continues at a place: the beginning of a line, or a place within one that is skipped, or within an open record.
    ///
    /// Within another line it continues at its beginning: an incomplete last line was taken for a whole one there.
    func restart(at place: ReadPlace) throws(FileFailure) {
        if let range = place.head {
            let head = try bytes(at: range.lowerBound, count: range.count)
            // Otherwise the file is shorter now, which the next read finds.
            guard head.count == range.count else { return try move(to: range.lowerBound, isSkipping: false) }
            lines = LineBuffer(
                at: place, tail: try bytes(before: place.offset, count: Fingerprint.limit), head: head,
                headTail: try bytes(before: range.lowerBound, count: Fingerprint.limit))
            isAtEnd = false
            return
        }
        guard !place.isInSkippedLine, try size() > place.offset else {
            return try move(to: place.offset, isSkipping: place.isInSkippedLine)
        }
        try begin(at: place.offset)
    }

    /// Moves to the beginning of the line that an offset is in. Of an oversized one, the rest is skipped.
    private func begin(at offset: Int) throws(FileFailure) {
        // Objects behind each other may be one line. Those before the offset were read.
        if try beginsObject(at: offset) { return try move(to: offset, isSkipping: false) }
        let start = try lineStart(before: offset)
        try move(to: start ?? offset, isSkipping: start == nil)
    }

    private func move(to offset: Int, isSkipping: Bool) throws(FileFailure) {
        lines = LineBuffer(
            offset: offset, tail: try bytes(before: offset, count: Fingerprint.limit), isSkipping: isSkipping)
        isAtEnd = false
    }

    /// The bytes at an offset; fewer than `count` at the end of the file.
    func bytes(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        var failure: FileFailure?
        // No read may go beyond the largest offset.
        let count = min(count, .max - offset)
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

    /// Notes that there is nothing to read until the next look.
    func endRound() {
        isAtEnd = true
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
            if lines.endsWithNUL, let hole = holeSize(at: end, before: size) {
                lastSize = size
                return outcome(of: .piece(lines.skipHole(hole)))
            }
            var isTruncated = false
            let read = lines.readPiece(expecting: size - end) { buffer in
                let got = pread(descriptor, buffer, end)
                guard got >= 0 else { return got }
                // Compared after reading, so that a truncation before or during it is found. The discarded bytes are read
                // from the copy, if there is one.
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

    /// The number of bytes from an offset on that the file does not store, as behind a truncation under a writer without
    /// O_APPEND; `nil` if there are none. A hole can have many gigabytes, which `pread` would fill in.
    private func holeSize(at offset: Int, before size: Int) -> Int? {
        let data = lseek(descriptor, offset, Self.seekData)
        // ENXIO: nothing is stored up to the end. Any other error means that the file system does not tell.
        let end = data >= 0 ? min(data, size) : errno == ENXIO ? size : offset
        return end > offset ? end - offset : nil
    }

    func takeRest() -> LineBuffer.Piece? {
        lines.takeRest()
    }

    func takeWaiting() -> LineBuffer.Piece {
        lines.takeWaiting()
    }

    func giveBack(_ count: Int, head: Range<Int>?) {
        lines.giveBack(count, head: head)
        // No line begins within a record of several lines.
        while let mark = marks.last, mark.offset > lines.offset { marks.removeLast() }
    }

    func skipLine() {
        lines.skipLine()
    }

    private func outcome(of read: LineBuffer.Outcome) -> LogOutcome {
        switch read {
        case .piece(let piece):
            isAtEnd = false
            if !isFIFO {
                addMark()
                noteBeginning(piece)
            }
            return .piece(piece)
        case .failed(let code):
            isAtEnd = true
            return code == EAGAIN || code == EINTR ? .end : .failed(.read(code))
        case .end:
            isAtEnd = true
            return .end
        }
    }

    private func addMark() {
        guard !lines.isSkipping, lines.offset - (marks.last?.offset ?? 0) >= Self.markDistance else { return }
        marks.append(FilePosition.Mark(offset: lines.offset, fingerprint: Fingerprint(of: lines.tail)))
        guard marks.count > Self.markLimit else { return }
        // The newest ones stay.
        let older = marks.dropLast(Self.markLimit / 2).enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        marks = older + marks.suffix(Self.markLimit / 2)
    }

    private func truncated(formerly former: FilePosition?) -> LogOutcome {
        restartAfterTruncation(formerly: former).map { .truncated(former: $0) } ?? .end
    }

    /// Continues at its start, or behind what is certainly the same as before.
    ///
    /// - Returns: The position before; `nil` for a FIFO.
    func restartAfterTruncation() -> FilePosition? {
        restartAfterTruncation(formerly: position)
    }

    private func restartAfterTruncation(formerly former: FilePosition?) -> FilePosition? {
        lastSize = 0
        truncations += 1
        // If it only became shorter, what remains was read.
        let mark = try? lastMark(of: former?.marks ?? [])
        lines = LineBuffer(offset: 0)
        if let mark {
            marks.removeAll { $0.offset > mark.offset }
            try? restart(at: mark.offset)
        } else {
            marks = []
            beginning = nil
        }
        isAtEnd = false
        guard var former else { return nil }
        // The inode now identifies other content.
        former.inode = .none
        former.isFinished = true
        return former
    }
}
