public import AuditEvents
import Compression
import Glibc

/// Reads each path as one log that never ends, whatever happens to its files.
///
/// It is a state machine without a clock: `look()` finds new, renamed and removed files, and `step()` reads a bounded
/// amount. `FollowedLogs` decides when.
///
/// An open file is identified by its inode, so a rotated file stays the same file under its new name. Copies, and files
/// after a restart, are identified by the bytes before the read position. The previous file of a path is read to its
/// end before the next one.
public struct LogFollower: ~Copyable {
    /// How long a renamed or removed file stays open without new lines, since its writer may not have noticed yet. A
    /// path without a file is reported after the same time, since that is normal during a rotation.
    static let patience: Duration = .seconds(5)
    /// The number of such files per log; above it they are closed without delay.
    static let namelessFiles = 64

    /// The result of a step.
    public enum Step {
        /// Lines were read.
        case batch(InputBatch)
        /// A part of a longer task was done.
        case working
        /// There is nothing more to do until the next look.
        case idle
    }

    private enum Problem {
        case absent(String)
        case unusable(String)
    }

    private let patterns: [LogPattern]
    private let start: StartingPoint
    /// Logs that were followed before the start.
    private let knownPaths: Set<String>
    private var scanner: EventScanner
    private var streams: [LogStream] = []
    private var rotated: RotatedLogFinder
    // By pattern.
    private var problems: [Problem?]
    private var readErrors: [UInt64]
    private var truncations: [UInt64]
    /// Where logs were begun, and how much was read of them.
    private var progress: [LogState]
    private let pread: PositionalRead
    private var hasLooked = false
    // Paths that existed at the first look and have not been readable since.
    private var unreadableAtStart: Set<String> = []
    private var lastLook = ContinuousClock.now
    private var turn = 0

    /// - Parameters:
    ///   - patterns: The logs.
    ///   - start: Where reading begins in logs that exist at the first look and were never followed before.
    ///   - selectors: The events to find.
    ///   - known: The read positions from before the start.
    public init(
        _ patterns: [LogPattern], from start: StartingPoint, selecting selectors: [EventSelector],
        restoring known: KnownPositions = KnownPositions()
    ) {
        self.init(patterns, from: start, selecting: selectors, restoring: known, reading: LogFile.systemRead)
    }

    /// - Parameter pread: Reads files.
    init(
        _ patterns: [LogPattern], from start: StartingPoint, selecting selectors: [EventSelector],
        restoring known: KnownPositions = KnownPositions(), reading pread: @escaping PositionalRead
    ) {
        self.patterns = patterns
        self.start = start
        knownPaths = Set(known.positions.map(\.path))
        scanner = EventScanner(selecting: selectors)
        self.pread = pread
        rotated = RotatedLogFinder(known, reading: pread)
        problems = patterns.map { _ in nil }
        readErrors = patterns.map { _ in 0 }
        truncations = patterns.map { _ in 0 }
        progress = patterns.map { LogState(log: $0.description) }
    }

    private var followed: [any LogReader] { streams.flatMap(\.files) }

    private func indexOfStream(with inode: Inode) -> Int? {
        streams.firstIndex { $0.contains(inode) }
    }

    private mutating func indexOfStream(at path: String) -> Int {
        if let index = streams.firstIndex(where: { $0.path == path }) { return index }
        streams.append(LogStream(path: path))
        return streams.count - 1
    }

    // MARK: Looking

    /// Finds new, renamed and removed files.
    ///
    /// - Parameter now: The time of the look.
    public mutating func look(at now: ContinuousClock.Instant = .now) {
        lastLook = now
        var named: Set<Inode> = []
        var present: [String] = []
        for (index, pattern) in patterns.enumerated() {
            let paths = pattern.paths()
            problems[index] = paths.isEmpty ? .absent("no file matches") : nil
            for path in paths {
                do throws(FileFailure) {
                    named.insert(try adopt(path, for: index))
                    unreadableAtStart.remove(path)
                    present.append(path)
                } catch {
                    let reason = pattern.isGlob ? "\(path): \(error)" : "\(error)"
                    // Its rotated files are read even before a new one exists.
                    if !pattern.isGlob { streams[indexOfStream(at: path)].patterns.insert(index) }
                    problems[index] = if case .open(ENOENT) = error { .absent(reason) } else { .unusable(reason) }
                    if case .read = error {
                        readErrors[index] &+= 1
                        if isNew(path, of: index) { unreadableAtStart.insert(path) }
                    }
                }
            }
        }
        if !hasLooked { rememberFirstLook() }
        hasLooked = true
        for index in streams.indices {
            // A log can be copied and truncated before any of it was read; then the log itself shows no change.
            if streams[index].hasChangedDirectory() || rotated.isDue(streams[index].path, at: now) {
                let current = streams[index].files.last.flatMap { named.contains($0.inode) ? $0 : nil }
                followMissedRotations(in: index, before: current)
            }
            streams[index].look(named: named, at: now)
        }
        for path in present { rotated.reportLosses(of: path) }
        streams.removeAll { [rotated] stream in
            stream.isEmpty && !rotated.isSurveying(stream.path) && !patterns.contains { $0.description == stream.path }
        }
    }

    /// Whether a log was never followed before. Its existing content was not missed then.
    private func isNew(_ path: String, of pattern: Int) -> Bool {
        (!hasLooked || unreadableAtStart.contains(path)) && !knownPaths.contains(patterns[pattern].description)
            && !knownPaths.contains(path)
    }

    /// Follows the file at a path.
    private mutating func adopt(_ path: String, for pattern: Int) throws(FileFailure) -> Inode {
        if let inode = Inode(path: path), let index = indexOfStream(with: inode) {
            streams[index].patterns.insert(pattern)
            return inode
        }
        let file = try LogFile(name: path, path: path, reading: pread)
        let isNew = isNew(path, of: pattern)
        if let format = try file.compression() {
            try adopt(file, format, for: pattern, isNew: isNew)
            return file.inode
        }
        for other in followed.compactMap({ $0 as? LogFile }) {
            if try file.isCopy(of: other) { return file.inode }
            // If it becomes something else, a later look finds that.
            if patterns[pattern].isGlob, try file.mayBecomeCopy(of: other) { return file.inode }
        }
        let held = try rotated.positions(in: file)
        var place = LogStart.Place.start(isNew ? start : .beginning)
        if let last = held.last {
            try file.resume(at: last)
            place = .resumed(offset: last.offset)
        } else if isNew, start == .end {
            try file.skipToLastLine()
        }
        progress[pattern].note(LogStart(path: path, place: place))
        let index = indexOfStream(at: path)
        streams[index].patterns.insert(pattern)
        streams[index].append(file, at: lastLook)
        // These are read first.
        if !isNew { followMissedRotations(in: index, before: file) }
        rotated.begin(RotatedLogFinder.Unread(file: file, former: held))
        return file.inode
    }

    /// Follows a compressed log that a glob or a path names.
    private mutating func adopt(
        _ file: LogFile, _ format: CompressionFormat, for pattern: Int, isNew: Bool
    ) throws(FileFailure) {
        if isNew, start == .end {
            try file.skipToEnd()
            rotated.end(file)
            return
        }
        try rotated.survey(file, format, before: nil, at: lastLook)
        if rotated.isSurveying(file.path) { streams[indexOfStream(at: file.path)].patterns.insert(pattern) }
    }

    /// Marks rotated files that are older than the first look as read. Everything after it is read.
    private mutating func rememberFirstLook() {
        for (index, pattern) in patterns.enumerated() where !knownPaths.contains(pattern.description) {
            for path in pattern.paths() where isNew(path, of: index) {
                let failure = rotated.remember(rotatedLogsOf: path) { inode in
                    streams.contains { $0.contains(inode) }
                }
                if failure != nil { readErrors[index] &+= 1 }
            }
            rotated.noteFollowed(pattern.description)
        }
    }

    /// Follows files that were rotated between two looks.
    ///
    /// - Parameter current: The file at the log's path, which is read after them.
    /// - Returns: The number of files.
    @discardableResult
    private mutating func followMissedRotations(in index: Int, before current: (any LogReader)?) -> Int {
        let (missed, failure) = rotated.missedRotations(
            of: streams[index].path, besides: followed, before: current, at: lastLook)
        streams[index].siblingFailure = failure
        if failure != nil { countReadError(in: index) }
        for unread in missed {
            streams[index].insert(unread.file, before: current, at: lastLook)
            rotated.begin(unread)
        }
        return missed.count
    }

    private mutating func countReadError(in index: Int) {
        for pattern in streams[index].patterns { readErrors[pattern] &+= 1 }
    }

    // MARK: Reading

    /// Does one bounded step. The logs take turns.
    public mutating func step() -> Step {
        var quiet = 0
        while quiet < streams.count {
            turn = (turn + 1) % streams.count
            if rotated.isSurveying(streams[turn].path) {
                survey(in: turn)
                return .working
            }
            switch streams[turn].read() {
            case .piece(let piece, let file):
                let batch = batch(piece, of: file)
                for pattern in streams[turn].patterns { progress[pattern].note(batch.scanned) }
                return .batch(batch)
            case .truncated(let file, let former): follow(file, truncatedFrom: former, in: turn)
            case .working: return .working
            case .failed: countReadError(in: turn)
            case nil: quiet += 1
            }
        }
        if rotated.advanceSearch() { return .working }
        return (closeFinished() ?? remainder()).map { .batch($0) } ?? .idle
    }

    /// Does steps until lines were read.
    ///
    /// - Returns: `nil` when there is nothing more to do until the next look.
    public mutating func next() -> InputBatch? {
        while true {
            switch step() {
            case .batch(let batch): return batch
            case .working: continue
            case .idle: return nil
            }
        }
    }

    /// Does one step of surveying a compressed log. The files after it wait.
    private mutating func survey(in index: Int) {
        let plain = followed.compactMap { $0 as? LogFile }
        switch rotated.advanceSurvey(of: streams[index].path, besides: plain, at: lastLook) {
        case .success(let found?):
            streams[index].insert(found.unread.file, before: found.next, at: lastLook)
            rotated.begin(found.unread)
        case .success(nil): break
        case .failure(let failure):
            streams[index].siblingFailure = failure
            countReadError(in: index)
        }
    }

    /// Handles copytruncate: lines between the last read and the copying are only in the copy.
    private mutating func follow(_ file: any LogReader, truncatedFrom former: FilePosition, in index: Int) {
        for pattern in streams[index].patterns { truncations[pattern] &+= 1 }
        rotated.noteTruncated(file, from: former)
        let copies = followMissedRotations(in: index, before: file)
        guard copies == 0, streams[index].siblingFailure == nil, !hasFoundCopy(of: file, in: index),
            !rotated.hasDeferrals(of: former.path), former.size > former.offset
        else { return }
        rotated.noteUnlessCopied(
            LogLoss(
                path: former.path, offset: former.offset, knownBytes: former.size - former.offset,
                reason: "truncated before it was read to its end"))
    }

    /// Whether the copy was found before the truncation. This happens if no whole line of the log had been read. A copy
    /// that matches a glob is followed under its own name.
    private func hasFoundCopy(of file: any LogReader, in index: Int) -> Bool {
        let path = streams[index].path
        let lastRead = streams[index].lastRead(of: file) ?? lastLook
        return streams.contains { stream in
            (stream.path == path || RotatedLogs.isRotated(path: stream.path, of: path))
                && stream.hasFound(besides: file, since: lastRead)
        }
    }

    /// Closes renamed and removed files without new lines, and delivers the bytes after their last line feed, which
    /// no writer will complete.
    private mutating func closeFinished() -> InputBatch? {
        for index in streams.indices {
            let isCrowded = streams[index].namelessFiles > Self.namelessFiles
            while let file = streams[index].removeFinished(since: isCrowded ? lastLook : lastLook - Self.patience) {
                guard let rest = file.takeRest() else {
                    rotated.end(file)
                    continue
                }
                let last = batch(rest, of: file)
                rotated.end(file)
                return last
            }
        }
        return nil
    }

    /// Positions and losses that no batch has delivered yet.
    private mutating func remainder() -> InputBatch? {
        guard !rotated.changed.isEmpty || !rotated.losses.isEmpty else { return nil }
        return InputBatch(
            input: .file, path: "", scanned: ScannedEvents(), bytes: 0, positions: rotated.takeChanged(),
            losses: rotated.takeLosses())
    }

    private mutating func batch(_ piece: LineBuffer.Piece, of file: any LogReader) -> InputBatch {
        var scanned = scanner.scan(lines: file.lines.bytes.span.bytes.extracting(0..<piece.length))
        for index in scanned.malformed.indices { scanned.malformed[index].offset += piece.offset }
        return InputBatch(
            input: .file, path: file.name, scanned: scanned, bytes: piece.consumed,
            oversizedLines: piece.oversizedLines,
            positions: rotated.takeChanged() + (file.position.map { [$0] } ?? []), losses: rotated.takeLosses())
    }

    // MARK: State

    /// The state of each pattern, in their order.
    public var states: [LogState] {
        patterns.indices.map { index in
            let own = streams.filter { $0.patterns.contains(index) }
            let problem: String? =
                switch problems[index] {
                // During a rotation the previous file is still open.
                case .absent(let reason): own.allSatisfy(\.isEmpty) ? reason : nil
                case .unusable(let reason): reason
                case nil: nil
                }
            var state = progress[index]
            state.problem = problem ?? own.lazy.compactMap(\.readFailure).first
            state.unreadBytes = own.reduce(0) { $0.addingSaturated($1.unreadBytes) }
            state.readErrors = readErrors[index]
            state.truncations = truncations[index]
            return state
        }
    }

    /// The directories to watch for changes.
    public var directories: Set<String> {
        var directories = Set(patterns.map(\.directory))
        for stream in streams {
            directories.insert(RotatedLogs.split(stream.path).directory)
            directories.insert(RotatedLogs.split(RotatedLogs.realPath(stream.path)).directory)
        }
        return directories
    }
}
