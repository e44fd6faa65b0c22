public import AuditEvents
import Compression
import Glibc

/// Reads each path as one log that never ends, whatever happens to its files.
///
/// It is a state machine without a clock of its own: `look()` finds new, renamed and removed files, and `step()` reads a
/// bounded amount. `FollowedLogs` decides when.
///
/// In doubt, it reads: a request that is read twice is recognized, and a line that is not read is lost. Every file that
/// a flag names is followed. An open file is identified by its inode, so a rotated file stays the same file under its
/// new name. What a new file has in common with another one decides only where reading begins in it.
public struct LogFollower: ~Copyable {
    /// How long a rotated or removed file stays open without new lines, since its writer may not have noticed yet. A
    /// path without a file is reported after the same time, since that is normal during a rotation.
    static let patience: Duration = .seconds(5)
    /// The number of rotated files that are open at a time; above it they are closed without delay.
    static let rotatedLimit = 8

    /// The result of a step.
    public enum Step {
        /// Lines were read.
        case batch(InputBatch)
        /// A part of a longer task was done.
        case working
        /// There is nothing more to do until the next look.
        case idle
    }

    enum Problem {
        case absent(String)
        case unusable(String)
    }

    /// The loss by a truncation, until it is certain that no copy was made before.
    struct DoubtfulLoss {
        let loss: LogLoss
        let former: FilePosition
        let file: any LogReader
        let lastRead: ContinuousClock.Instant
    }

    let patterns: [LogPattern]
    let start: StartingPoint
    let pread: PositionalRead
    /// Seconds since 1970.
    let clock: @Sendable () -> Double
    let openLimit: Int
    var scanner: EventScanner
    var ledger: PositionLedger
    var streams: [LogStream] = []
    var indices: [String: Int] = [:]
    var listings: [String: DirectoryListing] = [:]
    var listed: Set<Inode> = []
    var surveys = ArchiveSurveys()
    var search = LossSearch()
    var doubtfulLosses: [DoubtfulLoss] = []
    /// Files without anything to read, until their version changes.
    var examined: [Inode: FileVersion] = [:]
    /// Compressed files whose original is in the same directory, with the original.
    var originals: [FileVersion: FileVersion] = [:]
    /// Open files by their first line. Complete after `indexOpenFiles()`.
    var openFiles: [UInt64: [LogFile]] = [:]
    // By pattern.
    var problems: [Problem?]
    var notFollowed: [[String: String]]
    var readErrors: [UInt64]
    var truncations: [UInt64]
    /// Where logs were begun, and how much was read of them.
    var progress: [LogState]
    var hasLooked = false
    var lastLook = ContinuousClock.now
    /// When the previous look was, or the start, in seconds since 1970.
    var lastTime: Double
    /// How many more files may be opened in this look.
    var room = 0
    /// Whether files wait for a free descriptor.
    var isShortOfDescriptors = false
    /// The unread bytes of files that wait for a free descriptor, by pattern.
    var waitingBytes: [Int]
    /// The number of open files after the last look.
    var openedCount = 0
    var turn = 0

    /// - Parameters:
    ///   - patterns: The logs.
    ///   - start: Which requests count in logs that were never followed before.
    ///   - selectors: The events to find.
    ///   - known: The read positions from before the start.
    public init(
        _ patterns: [LogPattern], from start: StartingPoint, selecting selectors: [EventSelector],
        restoring known: KnownPositions = KnownPositions()
    ) {
        self.init(patterns, from: start, selecting: selectors, restoring: known, reading: LogFile.systemRead)
    }

    /// - Parameters:
    ///   - pread: Reads files.
    ///   - clock: Seconds since 1970.
    ///   - openLimit: The maximum number of open files; by default a part of what the process may open.
    init(
        _ patterns: [LogPattern], from start: StartingPoint, selecting selectors: [EventSelector],
        restoring known: KnownPositions = KnownPositions(), reading pread: @escaping PositionalRead,
        clock: @escaping @Sendable () -> Double = LogFollower.systemTime,
        openLimit: Int = LogFollower.defaultOpenLimit()
    ) {
        self.patterns = patterns
        self.start = start
        self.pread = pread
        self.clock = clock
        self.openLimit = openLimit
        scanner = EventScanner(selecting: selectors)
        ledger = PositionLedger(known)
        problems = patterns.map { _ in nil }
        notFollowed = patterns.map { _ in [:] }
        readErrors = patterns.map { _ in 0 }
        truncations = patterns.map { _ in 0 }
        waitingBytes = patterns.map { _ in 0 }
        progress = patterns.map { LogState(log: $0.description) }
        lastTime = clock()
    }

    static let systemTime: @Sendable () -> Double = {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// A quarter of what the process may open: the rest is for clients and the state.
    static func defaultOpenLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 256 }
        return max(rotatedLimit, Int(clamping: limit.rlim_cur / 4))
    }

    var openCount: Int { streams.reduce(surveys.count) { $0 + $1.count } }

    mutating func stream(at path: String) -> Int {
        if let index = indices[path] { return index }
        streams.append(LogStream(path: path))
        indices[path] = streams.count - 1
        return streams.count - 1
    }

    mutating func countReadError(in index: Int) {
        for pattern in streams[index].patterns { readErrors[pattern] &+= 1 }
    }

    // MARK: Looking

    /// What one look has seen so far.
    private struct View {
        /// Open files, with the index of their stream.
        var open: [Inode: Int] = [:]
        /// Files that flags name and that are not rotated ones.
        var named: Set<Inode> = []
        /// All files that flags name.
        var matched: Set<Inode> = []
        /// Canonical directories.
        var directories: [String: String] = [:]
        /// Logs whose file exists.
        var present: Set<String> = []
    }

    /// Finds new, renamed and removed files.
    ///
    /// - Parameter now: The time of the look.
    public mutating func look(at now: ContinuousClock.Instant = .now) {
        lastLook = now
        isShortOfDescriptors = false
        room = openLimit - openCount
        var view = View()
        for index in streams.indices {
            for file in streams[index].files { view.open[file.inode] = index }
        }
        indexOpenFiles()
        if !hasLooked { openKnownLogs() }
        let matches = patterns.map { $0.matches() }
        for index in patterns.indices {
            notFollowed[index] = [:]
            waitingBytes[index] = 0
            problems[index] = matches[index].paths.isEmpty ? .absent(patterns[index].absence) : nil
        }
        if !hasLooked {
            openRotatedLogs(matches)
            visitKnownFiles(matches, &view)
        }
        for index in patterns.indices {
            let paths = matches[index].paths
            // If not all of them can be opened at once, rotated files wait.
            for path in paths.count > room ? LogNames.logsFirst(paths) : paths { visit(path, of: index, &view) }
            for (directory, failure) in matches[index].unreadable.reversed() {
                problems[index] = .unusable("\(directory): \(failure)")
                notFollowed[index][directory] = "\(failure)"
            }
        }
        if !hasLooked {
            for pattern in patterns where !ledger.hasState(LogNames.canonical(pattern.description)) {
                ledger.noteFollowed(LogNames.canonical(pattern.description), countsFrom: nil)
            }
        }
        findRotations(matched: view.matched)
        let findable = listed.union(view.matched)
        for index in streams.indices { streams[index].look(named: view.named, listed: findable, at: now) }
        noteMissing(in: view.present)
        removeEmptyStreams()
        openFiles = [:]
        hasLooked = true
        lastTime = clock()
        openedCount = openCount
    }

    /// Opens files that were read before the start first, since others are compared with them.
    private mutating func visitKnownFiles(_ matches: [LogPattern.Matches], _ view: inout View) {
        for index in patterns.indices {
            for path in matches[index].paths {
                guard let inode = Inode(path: path), let position = ledger.known.position(of: inode) else { continue }
                // With few descriptors, logs come before what was read to its end.
                if position.isFinished, matches[index].paths.count > room { continue }
                visit(path, of: index, &view)
            }
        }
    }

    private mutating func visit(_ path: String, of pattern: Int, _ view: inout View) {
        let (directory, name) = LogNames.split(path)
        let canonicalDirectory = view.directories[directory] ?? LogNames.split(LogNames.canonical(path)).directory
        view.directories[directory] = canonicalDirectory
        let canonical = LogNames.joined(canonicalDirectory, name)
        do throws(FileFailure) {
            let version = try FileVersion(path: path)
            guard version.isFile || version.isFIFO else {
                throw version.isDirectory ? .directory : .notALog
            }
            view.matched.insert(version.inode)
            view.present.insert(canonical)
            // A file with the name of a rotated one is closed when it has been quiet.
            let isRotated = patterns[pattern].isGlob && isRotatedFile(name, in: canonicalDirectory)
            if !isRotated { view.named.insert(version.inode) }
            if version.links == 0 {
                problems[pattern] = .unusable(
                    "the file has no name any more on its file system; mount its directory instead of the file")
            }
            if let index = view.open[version.inode] {
                streams[index].patterns.insert(pattern)
                if streams[index].path != canonical, !patterns[pattern].isGlob {
                    // It is the same log under another path, or it is about to be rotated.
                    streams[stream(at: canonical)].patterns.insert(pattern)
                }
                return
            }
            guard examined[version.inode] != version, !surveys.contains(version.inode),
                !surveys.isWaiting(version, at: lastLook)
            else { return }
            let index = stream(at: canonical)
            streams[index].patterns.insert(pattern)
            streams[index].follow(to: LogNames.realPath(canonical))
            register(index, of: pattern)
            do throws(FileFailure) {
                guard room > 0 else {
                    isShortOfDescriptors = true
                    let read = ledger.known.position(of: version.inode)?.offset ?? 0
                    waitingBytes[pattern] = waitingBytes[pattern].addingSaturated(max(0, version.size - read))
                    return
                }
                try adopt(path, as: index, of: pattern)
                if let file = streams[index].files.last { view.open[file.inode] = index }
            } catch {
                if case .open(let code) = error, FileFailure.isPermanent(code), code != ENOENT {
                    ledger.noteUnreadable(version, of: canonical, countsFrom: ledger.countsFrom(canonical))
                }
                throw error
            }
        } catch {
            if !patterns[pattern].isGlob {
                // Its rotated files are read even before a new one exists.
                let index = stream(at: canonical)
                streams[index].patterns.insert(pattern)
                register(index, of: pattern)
                // A symlink may lead to a file that was just renamed.
                let target = LogNames.realPath(canonical)
                if target != canonical { streams[index].follow(to: target) }
                // What is written before the next look is new.
                if case .open(ENOENT) = error { streams[index].passesOverContent = false }
            }
            note(error, of: path, in: pattern)
        }
    }

    /// Whether a file has the name of a rotated file of a log in the same directory.
    private func isRotatedFile(_ name: String, in directory: String) -> Bool {
        LogNames.originals(of: name).contains { indices[LogNames.joined(directory, $0)] != nil }
    }

    /// Decides from when on requests count in a log that was never followed before.
    mutating func register(_ index: Int, of pattern: Int) {
        let path = streams[index].path
        guard !ledger.hasState(path) else { return }
        // Later, or if the flag was known before, the log is a new one: all of it is read.
        let isInitial = !hasLooked && !ledger.hasState(LogNames.canonical(patterns[pattern].description))
        switch start {
        case .beginning:
            ledger.noteFollowed(path, countsFrom: nil)
            streams[index].history = isInitial ? .none : .all
        case .end:
            let cutOff = isInitial ? clock() : lastTime
            ledger.noteFollowed(path, countsFrom: cutOff)
            streams[index].history = isInitial ? .none : .since(cutOff)
            streams[index].passesOverContent = isInitial
        case .recent(let seconds):
            let cutOff = clock() - seconds
            ledger.noteFollowed(path, countsFrom: cutOff)
            streams[index].history = .since(cutOff)
        }
    }

    /// Opens the file at a path and follows it.
    private mutating func adopt(_ path: String, as index: Int, of pattern: Int) throws(FileFailure) {
        let file = try open(path, of: index)
        // A program that compresses a log creates an empty file first.
        if try isBegun(file) { return }
        if let format = try file.compression() {
            try adopt(file, format, in: index)
            return
        }
        if streams[index].passesOverContent {
            try file.skipToLastLine()
            streams[index].passesOverContent = false
            streams[index].append(file, comparing: nil, at: lastLook)
            room -= 1
            ledger.begin(file, behind: [])
            progress[pattern].note(LogStart(path: path, place: .start(.end)))
            return
        }
        let beginning = try findBeginning(of: file, replacing: streams[index].current as? LogFile)
        streams[index].append(file, comparing: beginning.comparison, at: lastLook)
        room -= 1
        ledger.begin(file, behind: beginning.former)
        let isResumed = file.lines.place.offset > 0
        progress[pattern].note(
            LogStart(
                path: path,
                place: isResumed ? .resumed(offset: file.lines.place.offset) : .start(placeOfStart)))
        if let hash = file.beginning { openFiles[hash, default: []].append(file) }
    }

    /// From where on a log that was not read before counts. Old requests are left out too in one that appears later.
    private var placeOfStart: StartingPoint {
        if case .recent = start { return start }
        return hasLooked ? .beginning : start
    }

    /// Opens a file of a log. If there is no free descriptor, quiet files are closed.
    mutating func open(_ path: String, of index: Int) throws(FileFailure) -> LogFile {
        do throws(FileFailure) {
            let file = try LogFile(name: path, path: streams[index].path, reading: pread)
            file.countsFrom = ledger.countsFrom(streams[index].path)
            return file
        } catch {
            if case .open(let code) = error, code == EMFILE || code == ENFILE {
                isShortOfDescriptors = true
                closeQuietFiles(keeping: max(Self.rotatedLimit, openCount / 2))
            }
            throw error
        }
    }

    /// Follows a compressed log that a glob or a path names.
    private mutating func adopt(_ file: LogFile, _ format: CompressionFormat, in index: Int) throws(FileFailure) {
        if streams[index].passesOverContent {
            streams[index].passesOverContent = false
            try ledger.passOver(file)
        } else if try !isReadArchive(file) {
            surveys.begin(file, format)
            room -= 1
            return
        }
        examined[file.inode] = try file.version()
    }

    private mutating func removeEmptyStreams() {
        let names = Set(patterns.map { LogNames.canonical($0.description) })
        let outstanding = Set(ledger.outstanding.map(\.path))
        streams.removeAll { [surveys] stream in
            stream.isEmpty && stream.pending.isEmpty && stream.unreadable.isEmpty && !surveys.isBusy(stream.path)
                && !names.contains(stream.path) && !outstanding.contains(stream.path)
        }
        indices = Dictionary(uniqueKeysWithValues: streams.indices.map { (streams[$0].path, $0) })
    }
}
