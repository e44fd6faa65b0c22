import Glibc

/// A file that is read as part of a log: as it was written, or compressed.
protocol LogReader: AnyObject {
    /// Under which name it was opened.
    var name: String { get }
    /// Under which path the log is followed that it is part of.
    var path: String { get }
    var inode: Inode { get }
    /// What was read last, and where that ends.
    var lines: LineBuffer { get }
    /// Whether all was read that was there at the last look, or all that can be read.
    var isAtEnd: Bool { get }
    /// Whether its writer may still add to it though it has lost its name.
    var mayGrow: Bool { get }
    /// Bytes that were not read yet.
    var unreadBytes: Int { get }
    /// Where reading goes on; `nil` for what cannot be read again.
    var position: FilePosition? { get }
    /// What is to be known of the file once it is closed.
    var finalPosition: FilePosition? { get }

    /// Something may have been written since it was read last.
    func look()
    /// Reads once.
    func read() -> LogOutcome
    /// What stands behind the last line feed, as a last line; for a file that ends here.
    func takeRest() -> LineBuffer.Piece?
}

/// What reading on in a file comes to.
enum LogOutcome {
    /// Bytes came; the piece may be empty where they end no line. Its bytes are those of `lines`.
    case piece(LineBuffer.Piece)
    /// Nothing is there now.
    case end
    /// It was emptied, and perhaps written anew, since it had been read up to `former`; reading begins at its start
    /// again.
    case truncated(former: FilePosition)
    /// A bounded part of something long was done; there are no bytes yet.
    case working
    /// It cannot be read now. It is tried again after the next look.
    case failed(FileFailure)
    /// The rest of it cannot be read; the reason is for people.
    case corrupt(String)
}

/// One pathname as one stream of lines that never ends: what the path names now, behind what it named before.
struct LogStream {
    /// A file that is read, and what is to be known of it meanwhile.
    private struct Entry {
        let file: any LogReader
        /// At which look it was found.
        let begun: ContinuousClock.Instant
        /// Since which look it has had no name.
        var namelessSince: ContinuousClock.Instant?
        /// After which look something was read.
        var lastNews: ContinuousClock.Instant?
        /// After which look it was last found to hold what it held before.
        var lastRead: ContinuousClock.Instant?
        var readFailure: String?

        /// Whether it has had no name and nothing new since `deadline`.
        func isFinished(since deadline: ContinuousClock.Instant) -> Bool {
            guard let namelessSince, file.isAtEnd, readFailure == nil else { return false }
            guard file.mayGrow else { return true }
            return max(namelessSince, lastNews ?? namelessSince) <= deadline
        }
    }

    /// What reading on comes to.
    enum Reading {
        case piece(LineBuffer.Piece, of: any LogReader)
        case truncated(any LogReader, former: FilePosition)
        /// See `LogOutcome.working`.
        case working
        /// A file cannot be read now; the others do not wait for it.
        case failed
    }

    let path: String
    /// Which of the follower's patterns it belongs to.
    var patterns: Set<Int> = []

    // The oldest first.
    private var entries: [Entry] = []
    private var lastLook: ContinuousClock.Instant?
    private var directory: RotatedLogs.DirectoryVersion?
    /// Why the rotated logs beside it could not all be looked at the last time; they are looked at again at each look.
    var siblingFailure: FileFailure?

    init(path: String) {
        self.path = path
    }

    var isEmpty: Bool { entries.isEmpty }
    var files: [any LogReader] { entries.map(\.file) }
    var readFailure: String? { entries.lazy.compactMap(\.readFailure).first ?? siblingFailure?.description }
    var unreadBytes: Int { entries.reduce(0) { $0.addingSaturated($1.file.unreadBytes) } }
    /// How many of its files lost their name.
    var namelessFiles: Int { entries.count { $0.namelessSince != nil } }

    func contains(_ inode: Inode) -> Bool {
        entries.contains { $0.file.inode == inode }
    }

    /// Adds a file that is read after all others.
    ///
    /// - Parameter now: When it was found.
    mutating func append(_ file: any LogReader, at now: ContinuousClock.Instant) {
        entries.append(Entry(file: file, begun: now))
    }

    /// Adds a file that is read before another one, or after all others.
    mutating func insert(_ file: any LogReader, before other: (any LogReader)?, at now: ContinuousClock.Instant) {
        let index = entries.firstIndex { $0.file === other } ?? entries.endIndex
        entries.insert(Entry(file: file, begun: now), at: index)
    }

    /// Whether another file than this one was found at a look, or later.
    func hasFound(besides file: any LogReader, since look: ContinuousClock.Instant) -> Bool {
        entries.contains { $0.file !== file && $0.begun >= look }
    }

    /// After which look a file was last found to hold what it held before; else the look at which it was found.
    func lastRead(of file: any LogReader) -> ContinuousClock.Instant? {
        entries.first { $0.file === file }.map { $0.lastRead ?? $0.begun }
    }

    /// Whether files were made, renamed or removed beside the log since the last call.
    mutating func hasChangedDirectory() -> Bool {
        let current = RotatedLogs.DirectoryVersion(besides: path)
        guard let current, current == directory else {
            directory = current
            return true
        }
        return siblingFailure != nil
    }

    /// Takes note of which files have names at this look.
    mutating func look(named: Set<Inode>, at now: ContinuousClock.Instant) {
        for index in entries.indices {
            let file = entries[index].file
            entries[index].namelessSince = named.contains(file.inode) ? nil : entries[index].namelessSince ?? now
            file.look()
        }
        lastLook = now
    }

    /// Reads on in the first of its files that has something, so that a file waits for those before it.
    ///
    /// - Returns: `nil` when there is nothing more now.
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
                    entries[index].lastNews = lastLook
                    entries[index].lastRead = lastLook
                    // Bytes that end no line have nothing to deliver.
                    if piece.consumed > 0 { return .piece(piece, of: file) }
                }
            }
        }
        return nil
    }

    /// Removes the first file that has had no name and nothing new since `deadline`.
    mutating func removeFinished(since deadline: ContinuousClock.Instant) -> (any LogReader)? {
        entries.firstIndex { $0.isFinished(since: deadline) }.map { entries.remove(at: $0).file }
    }
}

extension Int {
    /// The sum, or the largest number. Sizes come from file systems, which may report anything.
    func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
