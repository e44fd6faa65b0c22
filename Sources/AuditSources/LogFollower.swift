public import AuditEvents
import Glibc

/// Makes several pathnames look like logs that never end, whatever happens to the files.
///
/// It is a state machine without a clock: `look()` takes note of what happened to the files, `next()` reads on, a
/// bounded amount each. Who drives it decides when (see `FollowedLogs`).
///
/// A file is known by its inode while it is open, so that a rotated one stays the same file under its new name, and by
/// the bytes before the read position, so that it is not read again as a copy. What a path named before is read to its
/// end before the path's new file is begun.
public struct LogFollower: ~Copyable {
    /// Files that lost their name are kept open for so long without news, since their writer may not have noticed, and
    /// for so long a path may lead nowhere without being called a problem, as in the middle of a rotation.
    static let patience: Duration = .seconds(5)
    /// But no more nameless files of a log are kept than these.
    static let namelessFiles = 64

    private enum Problem {
        case absent(String)
        case unusable(String)
    }

    private let patterns: [LogPattern]
    private let start: StartingPoint
    private var scanner: EventScanner
    private var streams: [LogStream] = []
    private var known = KnownPositions()
    // Of each pattern.
    private var problems: [Problem?]
    private var hasLooked = false
    private var lastLook = ContinuousClock.now
    private var turn = 0

    /// - Parameters:
    ///   - patterns: What to follow.
    ///   - start: Where to begin in files that are there at the first look.
    ///   - selector: Which events are wanted.
    public init(_ patterns: [LogPattern], from start: StartingPoint, selecting selector: EventSelector) {
        self.patterns = patterns
        self.start = start
        scanner = EventScanner(selecting: selector)
        problems = patterns.map { _ in nil }
    }

    // MARK: Looking

    /// Takes note of what happened to the files: new ones, renamed ones, those that are gone.
    ///
    /// - Parameter now: When that is.
    public mutating func look(at now: ContinuousClock.Instant = .now) {
        var named: Set<Inode> = []
        for (index, pattern) in patterns.enumerated() {
            let paths = pattern.paths()
            problems[index] = paths.isEmpty ? .absent("no file matches") : nil
            for path in paths {
                do throws(LogFile.OpenFailure) {
                    named.insert(try adopt(path, for: index))
                } catch {
                    let reason = pattern.isGlob ? "\(path): \(error)" : "\(error)"
                    if case .error(ENOENT) = error {
                        problems[index] = .absent(reason)
                    } else {
                        problems[index] = .unusable(reason)
                    }
                }
            }
        }
        if !hasLooked { rememberRotatedLogs() }
        hasLooked = true
        lastLook = now
        for index in streams.indices {
            followMissedRotations(in: index, named: named)
            streams[index].look(named: named, at: now)
        }
        streams.removeAll(where: \.isEmpty)
    }

    /// Sees to it that the file that a path names is followed.
    private mutating func adopt(_ path: String, for pattern: Int) throws(LogFile.OpenFailure) -> Inode {
        if let inode = Inode(path: path), let index = indexOfStream(with: inode) {
            streams[index].patterns.insert(pattern)
            return inode
        }
        let file = try LogFile(path: path)
        guard !isCopyOfFollowed(file) else { return file.inode }
        let index = indexOfStream(at: path)
        streams[index].patterns.insert(pattern)
        // They come before it, so they are looked for first.
        if hasLooked {
            for missed in missedRotations(of: path) where missed.inode != file.inode { streams[index].append(missed) }
        }
        if let position = known.position(in: file) {
            file.resume(at: position)
        } else if !hasLooked, start == .end {
            file.skipToLastLine()
        }
        streams[index].append(file)
        return file.inode
    }

    private mutating func indexOfStream(at path: String) -> Int {
        if let index = streams.firstIndex(where: { $0.path == path }) { return index }
        streams.append(LogStream(path: path))
        return streams.count - 1
    }

    private func indexOfStream(with inode: Inode) -> Int? {
        streams.firstIndex { $0.contains(inode) }
    }

    /// Whether a file holds what was read of a log that is followed, and is another one. It waits: if that log is
    /// truncated, the copy is read on from where the log was left; else there is nothing new in it.
    private func isCopyOfFollowed(_ file: LogFile) -> Bool {
        streams.contains { stream in
            stream.files.contains { file.isCopy(of: $0) }
        }
    }

    /// What was rotated before the first look was never ours.
    private mutating func rememberRotatedLogs() {
        for path in patterns.flatMap({ $0.paths() }) {
            for file in unfollowedSiblings(of: path) {
                file.skipToEnd()
                known.add(file.position)
            }
        }
    }

    /// A log may be copied and truncated so soon after it was begun that nothing of it was read, and nothing shows in
    /// the log itself.
    private mutating func followMissedRotations(in index: Int, named: Set<Inode>) {
        guard streams[index].hasChangedDirectory() else { return }
        let current = streams[index].files.last.flatMap { named.contains($0.inode) ? $0 : nil }
        for missed in missedRotations(of: streams[index].path) { streams[index].insert(missed, before: current) }
    }

    /// What was rotated between two looks and never seen under the log's own name, the oldest first: each from where
    /// it, or what it is a copy of, was left.
    private func missedRotations(of path: String) -> [LogFile] {
        unfollowedSiblings(of: path).filter { file in
            guard !isCopyOfFollowed(file) else { return false }
            guard let position = known.position(in: file) else { return true }
            file.resume(at: position)
            return file.size > position.offset
        }
    }

    /// The rotated logs beside a log that are not followed, the oldest first.
    private func unfollowedSiblings(of path: String) -> [LogFile] {
        RotatedLogs.siblings(of: path).compactMap { sibling in
            guard let file = try? LogFile(path: sibling), indexOfStream(with: file.inode) == nil else { return nil }
            return file
        }
    }

    // MARK: Reading

    /// Reads on, from the logs in turn.
    ///
    /// - Returns: What was read; `nil` when there is nothing more now.
    public mutating func next() -> SourceBatch? {
        var quiet = 0
        while quiet < streams.count {
            turn = (turn + 1) % streams.count
            switch streams[turn].read() {
            case .piece(let piece, let file): return batch(piece, of: file)
            case .truncated(let file, let former):
                // copytruncate: what was written between the last read and the copying stands only in the copy.
                known.add(former)
                for copy in missedRotations(of: file.path) { streams[turn].insert(copy, before: file) }
            case nil: quiet += 1
            }
        }
        return closeFinished()
    }

    /// Closes files that lost their names and have nothing new, and hands over what stands behind their last line
    /// feed: no more will come.
    private mutating func closeFinished() -> SourceBatch? {
        for index in streams.indices {
            let isCrowded = streams[index].namelessFiles > Self.namelessFiles
            while let file = streams[index].removeFinished(since: isCrowded ? lastLook : lastLook - Self.patience) {
                let rest = file.takeRest()
                known.add(file.position)
                if let rest { return batch(rest, of: file) }
            }
        }
        return nil
    }

    private mutating func batch(_ piece: LineBuffer.Piece, of file: LogFile) -> SourceBatch {
        var scanned = scanner.scan(lines: file.lines.bytes.span.bytes.extracting(0..<piece.length))
        for index in scanned.malformed.indices { scanned.malformed[index].offset += piece.offset }
        return SourceBatch(
            input: .file, path: file.path, scanned: scanned, bytes: piece.consumed,
            oversizedLines: piece.oversizedLines, position: file.position)
    }

    // MARK: State

    /// How each pattern fares, in their order.
    public var states: [LogState] {
        patterns.indices.map { index in
            let own = streams.filter { $0.patterns.contains(index) }
            let problem: String? =
                switch problems[index] {
                // In the middle of a rotation the file that was there before is still open.
                case .absent(let reason): own.allSatisfy(\.isEmpty) ? reason : nil
                case .unusable(let reason): reason
                case nil: nil
                }
            return LogState(
                log: patterns[index].description, problem: problem ?? own.lazy.compactMap(\.readFailure).first,
                unreadBytes: own.map(\.unreadBytes).reduce(0, +))
        }
    }

    /// The directories in which something may happen that is to be noticed.
    public var directories: Set<String> {
        var directories = Set(patterns.map(\.directory))
        for stream in streams {
            directories.insert(RotatedLogs.split(stream.path).directory)
            directories.insert(RotatedLogs.split(RotatedLogs.realPath(stream.path)).directory)
        }
        return directories
    }
}
