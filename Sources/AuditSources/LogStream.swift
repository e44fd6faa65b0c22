import AuditEvents
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
    /// The number of its names on the file system.
    var links: Int { get }
    /// See `FilePosition.countsFrom`.
    var countsFrom: Double? { get }
    /// Bytes not read yet.
    var unreadBytes: Int { get }
    /// Where reading resumes; `nil` for a FIFO, which cannot be read again.
    var position: FilePosition? { get }
    /// The position to store once the file is closed.
    var finalPosition: FilePosition? { get }

    /// What `stat` says about the open file.
    func version() throws(FileFailure) -> FileVersion
    /// Allows reading on: the file may have grown.
    func look()
    /// Reads once.
    func read() -> LogOutcome
    /// The bytes after the last line feed, as a last line; for a file that will not grow.
    func takeRest() -> LineBuffer.Piece?
    /// See `LineBuffer.takeWaiting`.
    func takeWaiting() -> LineBuffer.Piece
    /// Takes back the last lines of the last piece, see `LineBuffer.giveBack`.
    func giveBack(_ count: Int, head: Range<Int>?)
    /// Skips the rest of the last line, see `LineBuffer.skipLine`.
    func skipLine()
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
}

/// The files of one path, in the order in which they are read: the rotated ones, then the current one.
struct LogStream {
    /// An open file and its state.
    private struct Entry {
        let file: any LogReader
        /// The look that found it.
        let begun: ContinuousClock.Instant
        /// What decides where reading begins; the file is not read until then.
        var comparison: (any BeginningSearch)?
        /// Whether its first line was incomplete when it was opened. Until then it is not known whether it is a copy.
        var isUndetermined: Bool
        /// Lines that were read in another file.
        var knownLines: LineSet?
        /// The first look at which no flag named it, or it had the name of a rotated file.
        var rotatedSince: ContinuousClock.Instant?
        /// The look after which bytes were last read.
        var lastBytesRead: ContinuousClock.Instant?
        /// The look after which its content was last compared with the bytes read, and was the same.
        var lastRead: ContinuousClock.Instant?
        /// Whether it has a name under which it is found when it grows.
        var isListed = false
        var readFailure: String?
        /// Up to which byte its incomplete line was examined.
        var examinedEnd = 0

        /// Whether it is rotated and had no new bytes since `deadline`; if its last line is incomplete, for longer.
        func isFinished(
            since deadline: ContinuousClock.Instant, isCrowded: Bool, lastLook: ContinuousClock.Instant?
        ) -> Bool {
            guard let rotatedSince, file.isAtEnd, readFailure == nil else { return false }
            guard file.mayGrow else { return true }
            // A writer may still append to a file that has a name elsewhere.
            guard isListed || isCrowded || file.links == 0 else { return false }
            let last = max(rotatedSince, lastBytesRead ?? rotatedSince)
            // A copy that is being written may end within a line for a moment.
            if file.lines.end > file.lines.offset, let lastLook, last > lastLook - LogFollower.patience { return false }
            return last <= deadline
        }
    }

    /// A rotated file that is opened when its turn comes.
    struct Pending {
        let name: String
        let version: FileVersion
    }

    /// Which rotated files are read beside a log.
    enum History {
        /// All; what is old is told by the time of the events.
        case all
        /// Those that may hold events from this time on, in seconds since 1970.
        case since(Double)
        /// None: they are from before the first start.
        case none
    }

    /// The result of reading.
    enum Reading {
        case piece(LineBuffer.Piece, of: any LogReader, without: LineSet?)
        case truncated(any LogReader, former: FilePosition)
        /// The first line is complete, so where reading begins can be found.
        case determinable(LogFile)
        /// A part of a longer task was done.
        case working
        /// Nothing was read, and the file was closed for reading: its beginning was found.
        case failed
    }

    /// The canonical path of the log.
    let path: String
    /// The path that its symlink last led to; its own path if it is none.
    private(set) var target: String
    /// The indices of the patterns that it belongs to.
    var patterns: Set<Int> = []
    /// Which of the rotated files that are found next are read.
    var history = History.all
    /// Whether the content that exists when the log can first be read is passed over.
    var passesOverContent = false
    /// Whether its rotated files must be looked for even if no directory changed.
    var isDue = true
    /// Rotated files to read, oldest first. The current file waits.
    var pending: [Pending] = []
    /// Rotated files that cannot be opened, with the reason.
    var unreadable: [String: String] = [:]
    /// Why some rotated file of it could not be examined. Each look tries again.
    var siblingFailure: FileFailure?
    /// Its directories that cannot be listed, with the reason. They may hold rotated files.
    var unlisted: [String: String] = [:]
    /// The look that last found a rotated file.
    private(set) var lastRotatedFound: ContinuousClock.Instant?

    // Oldest first.
    private var entries: [Entry] = []
    private var lastLook: ContinuousClock.Instant?

    init(path: String) {
        self.path = path
        target = LogNames.realPath(path)
    }

    var isEmpty: Bool { entries.isEmpty }
    /// Whether none of its files has a name, and for longer than a rotation takes.
    var isAbsent: Bool {
        entries.allSatisfy { entry in
            guard let lastLook, let rotatedSince = entry.rotatedSince, entry.file.links == 0 else { return false }
            return max(rotatedSince, entry.lastBytesRead ?? rotatedSince) <= lastLook - LogFollower.patience
        }
    }
    /// The number of its open files.
    var count: Int { entries.count }
    var files: [any LogReader] { entries.map(\.file) }
    /// The file at the log's path; it is the last one to be read.
    var current: (any LogReader)? { entries.last.flatMap { $0.rotatedSince == nil ? $0.file : nil } }
    var readFailure: String? {
        entries.lazy.compactMap(\.readFailure).first ?? siblingFailure?.description ?? unlisted.values.min()
    }
    var unreadBytes: Int {
        entries.reduce(pending.reduce(0) { $0.addingSaturated($1.version.size) }) {
            // What the other file has is unread there.
            $1.comparison == nil ? $0.addingSaturated($1.file.unreadBytes) : $0
        }
    }
    /// The number of its open files that were renamed or removed.
    var rotatedFiles: Int { entries.count { $0.rotatedSince != nil } }

    /// Notes where its symlink leads, so that rotated files are looked for there.
    mutating func follow(to path: String) {
        guard path != target else { return }
        target = path
        isDue = true
    }

    /// Adds the file at the log's path.
    ///
    /// - Parameter now: The look that found it.
    mutating func append(
        _ file: any LogReader, comparing comparison: (any BeginningSearch)?, at now: ContinuousClock.Instant
    ) {
        entries.append(entry(file, comparison, at: now))
    }

    /// Adds a rotated file, which is read before the current one.
    mutating func insert(
        _ file: any LogReader, comparing comparison: (any BeginningSearch)?, at now: ContinuousClock.Instant
    ) {
        let index = current == nil ? entries.endIndex : entries.endIndex - 1
        var entry = entry(file, comparison, at: now)
        entry.rotatedSince = now
        entries.insert(entry, at: index)
        lastRotatedFound = now
    }

    private func entry(
        _ file: any LogReader, _ comparison: (any BeginningSearch)?, at now: ContinuousClock.Instant
    ) -> Entry {
        let isUndetermined = (file as? LogFile).map { !$0.isFIFO && $0.lines.place.offset == 0 && $0.beginning == nil }
        return Entry(file: file, begun: now, comparison: comparison, isUndetermined: isUndetermined ?? false)
    }

    /// Compares a file before it is read on.
    mutating func compare(_ file: LogFile, _ comparison: (any BeginningSearch)?) {
        guard let index = entries.firstIndex(where: { $0.file === file }) else { return }
        entries[index].isUndetermined = false
        entries[index].comparison = comparison
    }

    /// Whether another file was found at a look or later.
    func hasFound(besides file: any LogReader, since look: ContinuousClock.Instant) -> Bool {
        entries.contains { $0.file !== file && $0.begun >= look } || lastRotatedFound.map { $0 >= look } ?? false
    }

    /// Whether another file has all that a file had behind a position before it was truncated.
    func holdsRest(behind former: FilePosition, besides file: any LogReader) -> Bool {
        entries.contains { entry in
            guard entry.file !== file, let copy = entry.file as? LogFile, let size = try? copy.size() else {
                return false
            }
            return size >= former.size && (try? copy.holds(former)) == true
        }
    }

    /// The look after which a file's content was last the same as before, or the look that found the file.
    func lastRead(of file: any LogReader) -> ContinuousClock.Instant? {
        entries.first { $0.file === file }.map { $0.lastRead ?? $0.begun }
    }

    /// Whether a file is compared with another one.
    func isComparing(_ file: any LogReader) -> Bool {
        entries.contains { $0.file === file && $0.comparison != nil }
    }

    /// Ends comparisons with a file that was truncated.
    func endComparisons(with file: any LogReader, truncatedFrom position: FilePosition) {
        for entry in entries where entry.comparison?.original === file {
            entry.comparison?.originalWasTruncated(from: position)
        }
    }

    /// Updates which files are named by a flag, and which have a name in a directory that is listed.
    mutating func look(named: Set<Inode>, listed: Set<Inode>, at now: ContinuousClock.Instant) {
        for index in entries.indices {
            let file = entries[index].file
            entries[index].rotatedSince = named.contains(file.inode) ? nil : entries[index].rotatedSince ?? now
            entries[index].isListed = listed.contains(file.inode)
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
            // Rotated files that are not open yet come first.
            if !pending.isEmpty, entries[index].rotatedSince == nil { break }
            if entries[index].isUndetermined, !file.isAtEnd, let file = file as? LogFile {
                do throws(FileFailure) {
                    if try file.findBeginning() != nil { return .determinable(file) }
                } catch {
                    entries[index].readFailure = "\(error)"
                    file.endRound()
                    return .failed
                }
            }
            if let comparison = entries[index].comparison, !file.isAtEnd {
                switch comparison.advance() {
                case .working: return .working
                case .waiting:
                    if file.unreadBytes == 0 || comparison.readOffset >= file.lines.place.offset + file.unreadBytes {
                        (file as? LogFile)?.endRound()
                    }
                    continue
                case .failed(let failure):
                    entries[index].readFailure = "\(failure)"
                    (file as? LogFile)?.endRound()
                    return .failed
                case .truncated(let former):
                    return .truncated(file, former: former)
                case .read(let lines):
                    entries[index].comparison = nil
                    entries[index].knownLines = lines
                    entries[index].readFailure = nil
                }
            }
            reading: while !file.isAtEnd {
                switch file.read() {
                case .end:
                    entries[index].readFailure = nil
                    entries[index].lastRead = lastLook
                    // All lines that were known at the comparison have passed.
                    entries[index].knownLines = nil
                    break reading
                case .failed(let failure):
                    entries[index].readFailure = "\(failure)"
                    return .failed
                case .working:
                    return .working
                case .truncated(let former):
                    entries[index].knownLines = nil
                    return .truncated(file, former: former)
                case .piece(let piece):
                    entries[index].readFailure = nil
                    entries[index].lastBytesRead = lastLook
                    entries[index].lastRead = lastLook
                    // Bytes that do not complete a line deliver nothing.
                    if piece.consumed > 0 { return .piece(piece, of: file, without: entries[index].knownLines) }
                }
            }
        }
        return nil
    }

    /// Takes the last line of a file without new bytes since `deadline`, if it is whole except for its line feed: an
    /// object in a bucket, or a file that a shipper has closed, has none at its end.
    ///
    /// Also takes what a file has that waits for the end of a record, which then may go on.
    mutating func takeWholeRest(
        since deadline: ContinuousClock.Instant
    ) -> (file: any LogReader, piece: LineBuffer.Piece, isLast: Bool)? {
        for index in entries.indices {
            let file = entries[index].file
            guard file.isAtEnd, file.lines.end > file.lines.offset, !file.lines.isSkipping,
                entries[index].comparison == nil, entries[index].knownLines == nil,
                entries[index].examinedEnd != file.lines.end,
                entries[index].lastBytesRead ?? entries[index].begun <= deadline
            else { continue }
            entries[index].examinedEnd = file.lines.end
            if EventScanner.areWhole(file.lines.rest.span.bytes), let piece = file.takeRest() {
                return (file, piece, true)
            }
            if file.lines.isWaiting { return (file, file.takeWaiting(), false) }
        }
        return nil
    }

    /// Removes the first rotated file without new bytes since `deadline`.
    ///
    /// - Parameter keepsRemoved: Whether the last file without a name stays open as long as no other file has its path,
    ///   since its writer may go on.
    mutating func removeFinished(
        since deadline: ContinuousClock.Instant, isCrowded: Bool, keepsRemoved: Bool
    ) -> (any LogReader)? {
        let isKept = keepsRemoved && !isCrowded && current == nil
        let kept = isKept ? entries.lastIndex { $0.file.mayGrow && $0.file.links == 0 } : nil
        return entries.indices.first {
            $0 != kept && entries[$0].isFinished(since: deadline, isCrowded: isCrowded, lastLook: lastLook)
        }.map { entries.remove(at: $0).file }
    }

    /// Removes a file at its end that is found again by its name when it grows, to free its descriptor.
    mutating func removeQuiet() -> (any LogReader)? {
        entries.firstIndex {
            $0.file.isAtEnd && $0.isListed && $0.readFailure == nil && $0.comparison == nil && $0.file.unreadBytes == 0
        }.map { entries.remove(at: $0).file }
    }
}

extension Int {
    /// The sum, or `Int.max` on overflow: file systems can report any size.
    func addingSaturated(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
