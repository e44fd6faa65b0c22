import Compression
import Glibc

/// Finds what was rotated away from a log and was not read to its end, by what is known of how far files were read.
struct RotatedLogFinder {
    /// A compressed file that is being written, or belongs to a log that is still read, is looked at again after so
    /// long, or when its size changes.
    private static let deferral: Duration = .seconds(60)

    private(set) var known: KnownPositions
    /// Positions from before the start, in files that are not found yet and may hold more.
    private(set) var outstanding: [ReadPosition]
    /// What is to be remembered, and what was lost, since they were taken last.
    private(set) var changed: [ReadPosition] = []
    private(set) var losses: [LogLoss] = []

    private var deferred: [Inode: (size: Int, path: String, until: ContinuousClock.Instant)] = [:]

    init(_ known: KnownPositions) {
        self.known = known
        outstanding = known.positions.filter { !$0.isFinished }
    }

    mutating func takeChanged() -> [ReadPosition] {
        defer { changed = [] }
        return changed
    }

    mutating func takeLosses() -> [LogLoss] {
        defer { losses = [] }
        return losses
    }

    /// Remembers how far a file was read.
    mutating func note(_ position: ReadPosition?) {
        guard let position else { return }
        known.add(position)
        changed.append(position)
    }

    mutating func note(_ loss: LogLoss) {
        losses.append(loss)
    }

    /// How far a file was read before.
    mutating func knownPosition(in file: LogFile) -> ReadPosition? {
        let position = known.position(in: file)
        if let position { resolve(position) }
        return position
    }

    private mutating func resolve(_ position: ReadPosition) {
        outstanding.removeAll { KnownPositions.areOfOneFile($0, position) }
    }

    /// Goes over the rotated logs beside one, and takes those that nobody follows for read.
    mutating func remember(rotatedLogsOf path: String, unless isFollowed: (Inode) -> Bool) {
        for file in Self.siblings(of: path) where !isFollowed(file.inode) {
            file.skipToEnd()
            note(file.finalPosition)
        }
    }

    /// What was rotated between two looks, or before the start, and not read to its end: the oldest first, each from
    /// where it, or what it is a copy of, was left.
    ///
    /// - Parameter followed: The files that are open.
    mutating func missedRotations(of path: String, besides followed: [LogFile], at now: ContinuousClock.Instant)
        -> [any LogReader]
    {
        var missed: [any LogReader] = []
        for file in Self.siblings(of: path) where !followed.contains(where: { $0.inode == file.inode }) {
            if let format = file.compression {
                if let archive = unread(file, format, besides: followed, at: now) { missed.append(archive) }
            } else if RotatedLogs.withoutCompressionSuffix(file.name) == file.name,
                isUnread(file, besides: followed)
            {
                missed.append(file)
            }
        }
        return missed
    }

    private mutating func isUnread(_ file: LogFile, besides followed: [LogFile]) -> Bool {
        guard !Self.isCopy(file, of: followed) else { return false }
        guard let position = knownPosition(in: file) else { return true }
        file.resume(at: position)
        return file.size > position.offset
    }

    /// A compressed log, where something in it was not read.
    mutating func unread(
        _ file: LogFile, _ format: CompressionFormat, besides followed: [LogFile], at now: ContinuousClock.Instant
    ) -> ArchivedLog? {
        // One that was read is known by its compressed bytes.
        if known.position(in: file)?.isFinished ?? false { return nil }
        let size = file.size
        if let deferred = deferred[file.inode], deferred.size == size, now < deferred.until { return nil }
        deferred[file.inode] = nil
        let survey = ArchivedLog.survey(
            file, format, known: known.positions, followed: followed.compactMap(\.position))
        switch survey {
        case .unread(let archive, let position):
            if let position { resolve(position) }
            return archive
        case .read(let position): resolve(position)
        case .followed, .incomplete:
            deferred[file.inode] = (size, file.path, now + Self.deferral)
            return nil
        case .corrupt(let reason):
            note(LogLoss(path: file.path, offset: 0, knownBytes: 0, reason: "\(file.name): \(reason)"))
        }
        file.skipToEnd()
        note(file.finalPosition)
        return nil
    }

    /// Whether a file holds what was read of a log that is followed, and is another one. It waits: if that log is
    /// truncated, the copy is read on from where the log was left; else there is nothing new in it.
    static func isCopy(_ file: LogFile, of followed: [LogFile]) -> Bool {
        followed.contains { file.isCopy(of: $0) }
    }

    /// Gives up what was not found of a log, once all that is there of it was looked at.
    mutating func reportLosses(of path: String) {
        guard !deferred.values.contains(where: { $0.path == path }) else { return }
        for var position in outstanding where position.path == path {
            note(
                LogLoss(
                    path: path, offset: position.offset, knownBytes: max(0, position.size - position.offset),
                    reason: "rotated away and removed before it was read to its end"))
            position.isFinished = true
            note(position)
        }
        outstanding.removeAll { $0.path == path }
    }

    private static func siblings(of path: String) -> [LogFile] {
        RotatedLogs.siblings(of: path).compactMap { try? LogFile(name: $0, path: path) }
    }
}
