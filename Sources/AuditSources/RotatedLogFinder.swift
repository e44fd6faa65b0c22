import Compression
import Glibc

/// Finds what was rotated away from a log and was not read to its end, by what is known of how far files were read.
struct RotatedLogFinder {
    /// A file that is to be read, and the positions of before that it holds; it goes on from the last of them.
    struct Unread {
        let file: any LogReader
        let former: [FilePosition]
    }

    /// A file of which it cannot be said yet whether it was read is looked at again after so long, or when its size
    /// changes: a copy of a log that is followed, and a compressed file that is being written.
    private static let deferral: Duration = .seconds(60)

    private struct Deferral {
        var size: Int
        var path: String
        var until: ContinuousClock.Instant

        /// Whether it may hold what is missing in a log. What a glob matches is followed under its own name.
        func isBeside(_ log: String) -> Bool {
            path == log || RotatedLogs.isRotated(path: path, of: log)
        }
    }

    private(set) var known: KnownPositions
    /// Positions from before the start, in files that are not found yet and may hold more.
    private(set) var outstanding: [FilePosition]
    /// Those of them that were not found at the last look.
    private var missing: Set<FilePosition> = []
    /// What is to be remembered, and what was lost, since they were taken last.
    private(set) var changed: [FilePosition] = []
    private(set) var losses: [LogLoss] = []

    private var deferrals: [Inode: Deferral] = [:]

    init(_ known: KnownPositions) {
        self.known = known
        outstanding = known.positions.filter { !$0.isFinished }
    }

    mutating func takeChanged() -> [FilePosition] {
        defer { changed = [] }
        return changed
    }

    mutating func takeLosses() -> [LogLoss] {
        defer { losses = [] }
        return losses
    }

    mutating func note(_ loss: LogLoss) {
        losses.append(loss)
    }

    // MARK: Remembering

    /// Takes note that a log is followed, though nothing of it may be there yet: what is found of it after a restart is
    /// what was missed.
    mutating func noteFollowed(_ path: String) {
        note(
            FilePosition(path: path, inode: .none, offset: 0, fingerprint: Fingerprint(of: []), isFinished: true),
            continuing: true)
    }

    /// Takes note of a file that is read from now on.
    mutating func begin(_ unread: Unread) {
        resolve(unread.former, by: unread.file)
        note(unread.file.position, continuing: Self.isContinued(unread.former, by: unread.file))
    }

    /// Takes note of a file that is closed.
    mutating func end(_ file: any LogReader) {
        note(file.finalPosition, continuing: true)
    }

    /// Takes note of how far a file had been read whose content is another one now.
    mutating func noteTruncated(_ file: any LogReader, from former: FilePosition) {
        note(former, continuing: true)
        note(file.position, continuing: true)
        deferrals = deferrals.filter { !$0.value.isBeside(former.path) }
    }

    /// - Parameter isContinued: Whether what is known under the file's inode is of the same file. Else that number was
    ///   given to a new file, and the old one is known by its content alone.
    private mutating func note(_ position: FilePosition?, continuing isContinued: Bool) {
        guard let position else { return }
        if !isContinued, position.inode != .none,
            var former = known.positions.first(where: { $0.inode == position.inode })
        {
            outstanding = outstanding.map { KnownPositions.areOfOneFile($0, former) ? $0.withoutInode : $0 }
            former = former.withoutInode
            known.add(former)
            changed.append(former)
        }
        known.add(position)
        changed.append(position)
    }

    private static func isContinued(_ former: [FilePosition], by file: any LogReader) -> Bool {
        former.contains { $0.inode == file.inode }
    }

    /// A file takes over from the positions that it holds.
    private mutating func resolve(_ former: [FilePosition], by file: any LogReader) {
        outstanding.removeAll { candidate in former.contains { KnownPositions.areOfOneFile($0, candidate) } }
        for var position in former where position.inode != file.inode && !position.isFinished {
            position.isFinished = true
            note(position, continuing: true)
        }
        // A file of which nothing was read is not known by its content; it may be this one.
        if former.isEmpty, let index = outstanding.firstIndex(where: { $0.path == file.path && $0.offset == 0 }) {
            var position = outstanding.remove(at: index)
            position.isFinished = true
            note(position, continuing: true)
        }
    }

    // MARK: Finding

    /// The positions that a file holds which its log's path names; it goes on from the last of them.
    func positions(in file: LogFile) -> [FilePosition] {
        known.positions(in: file)
    }

    /// Goes over the rotated logs beside one, and takes those that nobody follows for read.
    mutating func remember(rotatedLogsOf path: String, unless isFollowed: (Inode) -> Bool) {
        for file in Self.siblings(of: path) where !isFollowed(file.inode) {
            close(file, continuing: false)
        }
    }

    /// Whether some file beside a log is to be looked at again.
    func isDue(_ path: String, at now: ContinuousClock.Instant) -> Bool {
        deferrals.values.contains { $0.path == path && $0.until <= now }
    }

    /// What was rotated between two looks, or before the start, and not read to its end: the oldest first, each from
    /// where it, or what it is a copy of, was left.
    ///
    /// - Parameter followed: The files that are open.
    mutating func missedRotations(of path: String, besides followed: [any LogReader], at now: ContinuousClock.Instant)
        -> [Unread]
    {
        let plain = followed.compactMap { $0 as? LogFile }
        var missed: [Unread] = []
        for file in Self.siblings(of: path) where !followed.contains(where: { $0.inode == file.inode }) {
            if let format = file.compression {
                if let unread = unread(file, format, besides: plain, at: now) { missed.append(unread) }
            } else if RotatedLogs.withoutCompressionSuffix(file.name) == file.name {
                if let unread = unread(file, besides: plain, at: now) { missed.append(unread) }
            }
        }
        return missed
    }

    private mutating func unread(
        _ file: LogFile, besides followed: [LogFile], at now: ContinuousClock.Instant
    ) -> Unread? {
        let original = followed.first { file.isCopy(of: $0) || file.mayBecomeCopy(of: $0) }
        if let original {
            // If the log is truncated, the copy is read on from where the log was left. If not for a while, and the log
            // was read as far, there is nothing in the copy.
            if isDeferred(file, at: now) ?? true {
                postpone(file, at: now)
            } else if original.lines.offset >= file.size {
                close(file, continuing: false)
            }
            return nil
        }
        deferrals[file.inode] = nil
        let held = known.positions(in: file)
        guard let last = held.last else { return Unread(file: file, former: []) }
        guard held.contains(where: { !$0.isFinished }) || file.size > last.offset else { return nil }
        file.resume(at: last)
        return Unread(file: file, former: held)
    }

    /// What is to be read of a compressed log.
    mutating func unread(
        _ file: LogFile, _ format: CompressionFormat, besides followed: [LogFile], at now: ContinuousClock.Instant
    ) -> Unread? {
        // One that was read is known by its compressed bytes.
        if let last = known.positions(in: file).last, last.isFinished, last.offset == file.size { return nil }
        if isDeferred(file, at: now) == true { return nil }
        switch ArchivedLog.survey(
            file, format, known: known.positions, followed: followed)
        {
        case .unread(let archive, let held):
            deferrals[file.inode] = nil
            return Unread(file: archive, former: held)
        case .followed, .incomplete:
            postpone(file, at: now)
            return nil
        case .read(let held):
            resolve(held, by: file)
            close(file, continuing: Self.isContinued(held, by: file))
        case .corrupt(let reason):
            note(LogLoss(path: file.path, offset: 0, knownBytes: 0, reason: "\(file.name): \(reason)"))
            close(file, continuing: false)
        }
        return nil
    }

    /// Nothing more is to be read of a file.
    private mutating func close(_ file: LogFile, continuing isContinued: Bool) {
        deferrals[file.inode] = nil
        file.skipToEnd()
        note(file.finalPosition, continuing: isContinued)
    }

    private mutating func postpone(_ file: LogFile, at now: ContinuousClock.Instant) {
        let size = file.size
        if let deferral = deferrals[file.inode], deferral.size == size, now < deferral.until { return }
        deferrals[file.inode] = Deferral(size: size, path: file.path, until: now + Self.deferral)
    }

    /// Whether it is too early to look at a file again; `nil` where it was not looked at, or changed since.
    private func isDeferred(_ file: LogFile, at now: ContinuousClock.Instant) -> Bool? {
        guard let deferral = deferrals[file.inode], deferral.size == file.size else { return nil }
        return now < deferral.until
    }

    /// Gives up what was not found of a log, once all that is there of it was looked at twice: a file that is renamed or
    /// compressed while the directory is read may be seen under neither name.
    mutating func reportLosses(of path: String) {
        guard !hasDeferrals(of: path) else { return }
        let searched = outstanding.filter { $0.path == path }
        let lost = missing.intersection(searched)
        missing = missing.filter { $0.path != path }.union(searched).subtracting(lost)
        for var position in searched where lost.contains(position) {
            // Where nothing is known to have been there, nothing is known to be lost.
            if position.size > 0, !isHeldBySibling(position) {
                note(
                    LogLoss(
                        path: path, offset: position.offset, knownBytes: max(0, position.size - position.offset),
                        reason: "rotated away and removed before it was read to its end"))
            }
            position.isFinished = true
            note(position, continuing: true)
        }
        outstanding.removeAll(where: lost.contains)
    }

    /// Whether a rotated log that is still there holds a position. It was read then, under its compressed form for
    /// instance, and the position was written again afterwards.
    private func isHeldBySibling(_ position: FilePosition) -> Bool {
        Self.siblings(of: position.path).contains { file in
            guard let format = file.compression else { return file.holds(position) }
            return switch ArchivedLog.survey(file, format, known: [position], followed: []) {
            case .read: true
            case .unread(_, let held): !held.isEmpty
            case .followed, .incomplete, .corrupt: false
            }
        }
    }

    func hasDeferrals(of path: String) -> Bool {
        // In a file that is empty nothing can be found.
        deferrals.values.contains { $0.isBeside(path) && $0.size > 0 }
    }

    private static func siblings(of path: String) -> [LogFile] {
        RotatedLogs.siblings(of: path).compactMap { try? LogFile(name: $0, path: path) }
    }
}
