import Glibc

/// A file that is part of a log, plain or compressed.
protocol LogReader: AnyObject {
    /// The name under which it was opened.
    var name: String { get }
    /// The path of the log that it is part of.
    var path: String { get }
    var inode: Inode { get }
    /// The last bytes read, and where they end.
    var lines: LineBuffer { get }
    /// Whether everything was read that existed at the last look, or that can be read.
    var isAtEnd: Bool { get }
    /// Whether its writer may still append to it after it was renamed or removed.
    var mayGrow: Bool { get }
    /// Bytes not read yet.
    var unreadBytes: Int { get }
    /// Where reading resumes; `nil` for a FIFO, which cannot be read again.
    var position: FilePosition? { get }
    /// The position to store once the file is closed.
    var finalPosition: FilePosition? { get }

    /// Allows reading on: the file may have grown.
    func look()
    /// Reads once.
    func read() -> LogOutcome
    /// The bytes after the last line feed, as a last line; for a file that will not grow.
    func takeRest() -> LineBuffer.Piece?
}

/// The result of reading a file.
enum LogOutcome {
    /// Bytes were read. The piece is empty if they do not complete a line; its bytes are those of `lines`.
    case piece(LineBuffer.Piece)
    /// There are no new bytes.
    case end
    /// It was truncated after it had been read up to `former`, and may have been written again. Reading begins at its
    /// start.
    case truncated(former: FilePosition)
    /// A part of a longer task was done; there are no bytes yet.
    case working
    /// It cannot be read. The next look tries again.
    case failed(FileFailure)
    /// The rest of it cannot be read; the reason is for people.
    case corrupt(String)
}

/// The files of one path, in the order in which they are read: the previous ones, then the current one.
struct LogStream {
    /// An open file and its state.
    private struct Entry {
        let file: any LogReader
        /// The look that found it.
        let begun: ContinuousClock.Instant
        /// The first look that found no name of it.
        var namelessSince: ContinuousClock.Instant?
        /// The look after which bytes were last read.
        var lastBytesRead: ContinuousClock.Instant?
        /// The look after which its content was last compared with the bytes read, and was the same.
        var lastRead: ContinuousClock.Instant?
        var readFailure: String?

        /// Whether it has had neither a name nor new bytes since `deadline`.
        func isFinished(since deadline: ContinuousClock.Instant) -> Bool {
            guard let namelessSince, file.isAtEnd, readFailure == nil else { return false }
            guard file.mayGrow else { return true }
            return max(namelessSince, lastBytesRead ?? namelessSince) <= deadline
        }
    }

    /// The result of reading.
    enum Reading {
        case piece(LineBuffer.Piece, of: any LogReader)
        case truncated(any LogReader, former: FilePosition)
        /// See `LogOutcome.working`.
        case working
        /// A file cannot be read; the others do not wait for it.
        case failed
    }

    let path: String
    /// The indices of the patterns that it belongs to.
    var patterns: Set<Int> = []

    // Oldest first.
    private var entries: [Entry] = []
    private var lastLook: ContinuousClock.Instant?
    private var directory: RotatedLogs.DirectoryVersion?
    /// Why some rotated file of it could not be examined. Each look tries again.
    var siblingFailure: FileFailure?

    init(path: String) {
        self.path = path
    }

    var isEmpty: Bool { entries.isEmpty }
    var files: [any LogReader] { entries.map(\.file) }
    var readFailure: String? { entries.lazy.compactMap(\.readFailure).first ?? siblingFailure?.description }
    var unreadBytes: Int { entries.reduce(0) { $0.addingSaturated($1.file.unreadBytes) } }
    /// The number of its files that were renamed or removed.
    var namelessFiles: Int { entries.count { $0.namelessSince != nil } }

    func contains(_ inode: Inode) -> Bool {
        entries.contains { $0.file.inode == inode }
    }

    /// Adds a file that is read after all others.
    ///
    /// - Parameter now: The look that found it.
    mutating func append(_ file: any LogReader, at now: ContinuousClock.Instant) {
        entries.append(Entry(file: file, begun: now))
    }

    /// Adds a file before another one, or at the end without one.
    mutating func insert(_ file: any LogReader, before other: (any LogReader)?, at now: ContinuousClock.Instant) {
        let index = entries.firstIndex { $0.file === other } ?? entries.endIndex
        entries.insert(Entry(file: file, begun: now), at: index)
    }

    /// Whether another file was found at a look or later.
    func hasFound(besides file: any LogReader, since look: ContinuousClock.Instant) -> Bool {
        entries.contains { $0.file !== file && $0.begun >= look }
    }

    /// The look after which a file's content was last the same as before, or the look that found the file.
    func lastRead(of file: any LogReader) -> ContinuousClock.Instant? {
        entries.first { $0.file === file }.map { $0.lastRead ?? $0.begun }
    }

    /// Whether files were created, renamed or removed in the log's directory since the last call.
    mutating func hasChangedDirectory() -> Bool {
        let current = RotatedLogs.DirectoryVersion(besides: path)
        guard let current, current == directory else {
            directory = current
            return true
        }
        return siblingFailure != nil
    }

    /// Updates which files have names.
    mutating func look(named: Set<Inode>, at now: ContinuousClock.Instant) {
        for index in entries.indices {
            let file = entries[index].file
            entries[index].namelessSince = named.contains(file.inode) ? nil : entries[index].namelessSince ?? now
            file.look()
        }
        lastLook = now
    }

    /// Reads the first of its files that has new bytes, so a file waits for the previous ones.
    ///
    /// - Returns: `nil` if there are no new bytes.
    mutating func read() -> Reading? {
        for index in entries.indices {
            let file = entries[index].file
            reading: while !file.isAtEnd {
                switch file.read() {
                case .end:
                    entries[index].readFailure = nil
                    entries[index].lastRead = lastLook
                    break reading
                case .failed(let failure):
                    entries[index].readFailure = "\(failure)"
                    return .failed
                case .corrupt(let reason):
                    entries[index].readFailure = reason
                    break reading
                case .working:
                    return .working
                case .truncated(let former):
                    return .truncated(file, former: former)
                case .piece(let piece):
                    entries[index].readFailure = nil
                    entries[index].lastBytesRead = lastLook
                    entries[index].lastRead = lastLook
                    // Bytes that do not complete a line deliver nothing.
                    if piece.consumed > 0 { return .piece(piece, of: file) }
                }
            }
        }
        return nil
    }

    /// Removes the first file that has had neither a name nor new bytes since `deadline`.
    mutating func removeFinished(since deadline: ContinuousClock.Instant) -> (any LogReader)? {
        entries.firstIndex { $0.isFinished(since: deadline) }.map { entries.remove(at: $0).file }
    }
}

extension Int {
    /// The sum, or `Int.max` on overflow: file systems can report any size.
    func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
