import Compression
import Glibc

/// Finds rotated files that were not read to the end, by comparing them with the known read positions.
struct RotatedLogFinder {
    /// A file to read, and the known positions in it. Reading resumes at the last one.
    struct Unread {
        let file: any LogReader
        let former: [FilePosition]
    }

    /// A compressed log that is being decompressed to decide whether it must be read.
    private struct Survey {
        let file: LogFile
        let format: CompressionFormat
        /// The file that is read after it; `nil` to read it after all files that are open.
        var next: (any LogReader)?
        /// `nil` until its turn comes.
        var work: ArchiveSurvey?

        /// Whether it may contain missing lines of a log.
        func isBeside(_ log: String) -> Bool {
            file.path == log || RotatedLogs.isRotated(path: file.path, of: log)
        }
    }

    /// A search for positions in compressed logs, before their files are reported as lost.
    private struct Search {
        let path: String
        var positions: [FilePosition]
        var archives: [(file: LogFile, format: CompressionFormat)]
        var work: ArchiveSurvey?
    }

    private(set) var known: KnownPositions
    /// Positions from before the start whose files were not found yet and may have more lines.
    private(set) var outstanding: [FilePosition]
    /// The outstanding positions that the last look did not find.
    private var missing: Set<FilePosition> = []
    /// Changed positions and losses since they were last taken.
    private(set) var changed: [FilePosition] = []
    private(set) var losses: [LogLoss] = []

    private var deferrals = Deferrals()
    private var surveys: [Survey] = []
    private var searches: [Search] = []
    /// Losses by truncation while a compressed file that may be the copy is still being surveyed.
    private var doubtfulLosses: [LogLoss] = []
    private let pread: PositionalRead

    init(_ known: KnownPositions, reading pread: @escaping PositionalRead) {
        self.known = known
        self.pread = pread
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

    /// Notes a loss by truncation, unless the copy is found.
    mutating func noteUnlessCopied(_ loss: LogLoss) {
        if isSurveying(beside: loss.path) {
            doubtfulLosses.append(loss)
        } else {
            losses.append(loss)
        }
    }

    // MARK: Remembering

    /// Notes that a log is followed, even if it does not exist yet. After a restart all of its files are read.
    mutating func noteFollowed(_ path: String) {
        note(
            FilePosition(path: path, inode: .none, offset: 0, fingerprint: Fingerprint(of: []), isFinished: true),
            continuing: true)
    }

    /// Notes that a file is read from now on.
    mutating func begin(_ unread: Unread) {
        resolve(unread.former, by: unread.file)
        note(unread.file.position, continuing: Self.isContinued(unread.former, by: unread.file))
    }

    /// Notes that a file is closed.
    mutating func end(_ file: any LogReader) {
        note(file.finalPosition, continuing: true)
    }

    /// Notes the position up to which a file had been read before it was truncated.
    mutating func noteTruncated(_ file: any LogReader, from former: FilePosition) {
        note(former, continuing: true)
        note(file.position, continuing: true)
        deferrals.drop(beside: former.path)
        // A compressed copy must not be taken for a copy of a followed log any more.
        for index in surveys.indices where surveys[index].isBeside(former.path) { surveys[index].work = nil }
    }

    /// - Parameter isContinued: Whether the known position with this inode is of the same file. If not, the file system
    ///   reused the inode, and the old file is identified by its content alone.
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

    /// Marks positions as finished that a file continues.
    private mutating func resolve(_ former: [FilePosition], by file: any LogReader) {
        outstanding.removeAll { candidate in former.contains { KnownPositions.areOfOneFile($0, candidate) } }
        for var position in former where position.inode != file.inode && !position.isFinished {
            position.isFinished = true
            note(position, continuing: true)
        }
        // A file of which nothing was read cannot be identified by content; it may be this one.
        if former.isEmpty, let index = outstanding.firstIndex(where: { $0.path == file.path && $0.offset == 0 }) {
            var position = outstanding.remove(at: index)
            position.isFinished = true
            note(position, continuing: true)
        }
    }

    // MARK: Finding

    /// The known positions in a file; reading resumes at the last one.
    func positions(in file: LogFile) throws(FileFailure) -> [FilePosition] {
        try known.positions(in: file)
    }

    /// Marks the rotated files of a log as read, except those that are followed.
    ///
    /// - Returns: The first failure.
    mutating func remember(rotatedLogsOf path: String, unless isFollowed: (Inode) -> Bool) -> FileFailure? {
        var (files, failure) = RotatedLogs.openSiblings(of: path, reading: pread)
        for file in files where !isFollowed(file.inode) && !surveys.contains(where: { $0.file.inode == file.inode }) {
            do throws(FileFailure) {
                try close(file, continuing: false)
            } catch {
                failure = failure ?? error
            }
        }
        return failure
    }

    /// Whether a rotated file of a log must be examined again.
    func isDue(_ path: String, at now: ContinuousClock.Instant) -> Bool {
        deferrals.isDue(path, at: now)
    }

    /// The rotated files of a log that were not read to the end, oldest first, positioned where reading resumes. Surveys
    /// of compressed files begin.
    ///
    /// - Parameters:
    ///   - followed: The open files.
    ///   - next: The file that is read after them.
    /// - Returns: The files to read, and the first failure.
    mutating func missedRotations(
        of path: String, besides followed: [any LogReader], before next: (any LogReader)?,
        at now: ContinuousClock.Instant
    ) -> (unread: [Unread], failure: FileFailure?) {
        let plain = followed.compactMap { $0 as? LogFile }
        var missed: [Unread] = []
        // The first survey whose next file is not known yet.
        var first = surveys.count
        var (files, failure) = RotatedLogs.openSiblings(of: path, reading: pread)
        for file in files where !followed.contains(where: { $0.inode == file.inode }) {
            do throws(FileFailure) {
                if let format = try file.compression() {
                    try survey(file, format, before: next, at: now)
                } else if RotatedLogs.withoutCompressionSuffix(file.name) == file.name,
                    let unread = try unread(file, besides: plain, at: now)
                {
                    missed.append(unread)
                    for index in first..<surveys.count { surveys[index].next = unread.file }
                    first = surveys.count
                }
            } catch {
                failure = failure ?? error
            }
        }
        return (missed, failure)
    }

    private mutating func unread(
        _ file: LogFile, besides followed: [LogFile], at now: ContinuousClock.Instant
    ) throws(FileFailure) -> Unread? {
        let size = try file.size()
        for original in followed {
            let isCopy = try file.isCopy(of: original)
            let mayBecomeCopy = isCopy ? false : try file.mayBecomeCopy(of: original)
            guard isCopy || mayBecomeCopy else { continue }
            // If the log is truncated, reading resumes in the copy. If the log is not truncated for a while, and was
            // read further than the copy, the copy contains nothing new.
            if deferrals.contains(file, size, at: now) ?? true {
                deferrals.add(file, size, at: now)
            } else if original.lines.offset >= size {
                try close(file, continuing: false)
            }
            return nil
        }
        let held = try known.positions(in: file)
        if let last = held.last {
            guard held.contains(where: { !$0.isFinished }) || size > last.offset else {
                deferrals.drop(file)
                return nil
            }
            try file.resume(at: last)
        }
        deferrals.drop(file)
        return Unread(file: file, former: held)
    }

    // MARK: Compressed logs

    /// Begins the survey that decides whether a compressed log must be read.
    ///
    /// - Parameter next: The file that is read after it.
    mutating func survey(
        _ file: LogFile, _ format: CompressionFormat, before next: (any LogReader)?, at now: ContinuousClock.Instant
    ) throws(FileFailure) {
        guard !surveys.contains(where: { $0.file.inode == file.inode }) else { return }
        let size = try file.size()
        // A compressed log that was read is identified by its compressed bytes.
        if let last = try known.positions(in: file).last, last.isFinished, last.offset == size { return }
        if deferrals.contains(file, size, at: now) == true { return }
        surveys.append(Survey(file: file, format: format, next: next))
    }

    /// Whether compressed logs of a stream are being surveyed. Its other files wait.
    func isSurveying(_ path: String) -> Bool {
        surveys.contains { $0.file.path == path }
    }

    private func isSurveying(beside log: String) -> Bool {
        surveys.contains { $0.isBeside(log) }
    }

    /// Does one step of a stream's oldest survey.
    ///
    /// - Returns: A log to read and the file after it, if the survey found one; or the failure.
    mutating func advanceSurvey(
        of path: String, besides followed: [LogFile], at now: ContinuousClock.Instant
    ) -> Result<(unread: Unread, next: (any LogReader)?)?, FileFailure> {
        guard let index = surveys.firstIndex(where: { $0.file.path == path }) else { return .success(nil) }
        let (file, format) = (surveys[index].file, surveys[index].format)
        let work = surveys[index].work ?? ArchiveSurvey(file, format)
        surveys[index].work = work
        guard let finding = work.advance(known: known.positions, followed: followed) else { return .success(nil) }
        let next = surveys.remove(at: index).next
        defer { settleDoubtfulLosses() }
        do throws(FileFailure) {
            switch finding {
            case .unread(let archive, let held):
                deferrals.drop(file)
                doubtfulLosses.removeAll { file.path == $0.path || RotatedLogs.isRotated(path: file.path, of: $0.path) }
                return .success((Unread(file: archive, former: held), next))
            case .followed, .incomplete:
                deferrals.add(file, try file.size(), at: now)
            case .read(let held):
                resolve(held, by: file)
                try close(file, continuing: Self.isContinued(held, by: file))
            case .corrupt(let reason):
                try close(file, continuing: false)
                losses.append(LogLoss(path: file.path, offset: 0, knownBytes: 0, reason: "\(file.name): \(reason)"))
            case .failed(let failure):
                throw failure
            }
            return .success(nil)
        } catch {
            return .failure(error)
        }
    }

    private mutating func settleDoubtfulLosses() {
        let settled = doubtfulLosses.filter { !isSurveying(beside: $0.path) }
        losses += settled.filter { !hasDeferrals(of: $0.path) }
        doubtfulLosses.removeAll(where: settled.contains)
    }

    // MARK: Closing

    /// Marks a file as read to its end.
    private mutating func close(_ file: LogFile, continuing isContinued: Bool) throws(FileFailure) {
        try file.skipToEnd()
        deferrals.drop(file)
        note(file.finalPosition, continuing: isContinued)
    }

    func hasDeferrals(of path: String) -> Bool {
        deferrals.isUndecided(beside: path)
    }

    // MARK: Losses

    /// Reports positions as lost that two looks did not find. One look is not enough: a file that is renamed or
    /// compressed while the directory is read may appear under neither name.
    mutating func reportLosses(of path: String) {
        guard !hasDeferrals(of: path), !searches.contains(where: { $0.path == path }) else { return }
        let searched = outstanding.filter { $0.path == path }
        let lost = missing.intersection(searched)
        missing = missing.filter { $0.path != path }.union(searched)
        guard !lost.isEmpty, !isSurveying(beside: path) else { return }
        // A rotated file may still contain the position: its compressed form was read, for example, and the position was
        // stored again afterwards.
        let (files, failure) = RotatedLogs.openSiblings(of: path, reading: pread)
        guard failure == nil else { return }
        var search = Search(path: path, positions: searched.filter(lost.contains), archives: [])
        do throws(FileFailure) {
            for file in files {
                if let format = try file.compression() {
                    search.archives.append((file, format))
                    continue
                }
                for position in search.positions where try file.holds(position) { conclude(position, isFound: true) }
                search.positions.removeAll { !outstanding.contains($0) }
            }
        } catch {
            return
        }
        searches.append(search)
        if search.archives.isEmpty { advanceSearch() }
    }

    /// Does one step of the oldest search.
    ///
    /// - Returns: Whether there was a search.
    @discardableResult
    mutating func advanceSearch() -> Bool {
        guard var search = searches.first else { return false }
        // A file that was empty cannot have lost anything.
        let isNeeded = search.positions.contains { $0.size > 0 && $0.fingerprint.length > 0 }
        guard isNeeded, let (file, format) = search.archives.first else {
            searches.removeFirst()
            for position in search.positions where outstanding.contains(position) {
                conclude(position, isFound: false)
            }
            return true
        }
        let work = search.work ?? ArchiveSurvey(file, format)
        search.work = work
        if let finding = work.advance(known: search.positions, followed: []) {
            search.work = nil
            search.archives.removeFirst()
            switch finding {
            case .read(let held), .unread(_, let held):
                for position in held { conclude(position, isFound: true) }
                search.positions.removeAll(where: held.contains)
            case .failed:
                // The position may be in this file. A later look begins the search again.
                searches.removeFirst()
                return true
            case .followed, .incomplete, .corrupt: break
            }
        }
        searches[0] = search
        return true
    }

    /// Marks a position as finished, and reports a loss if it was not found.
    private mutating func conclude(_ position: FilePosition, isFound: Bool) {
        if !isFound, position.size > 0 {
            losses.append(
                LogLoss(
                    path: position.path, offset: position.offset, knownBytes: max(0, position.size - position.offset),
                    reason: "rotated away and removed before it was read to its end"))
        }
        missing.remove(position)
        outstanding.removeAll { $0 == position }
        var position = position
        position.isFinished = true
        note(position, continuing: true)
    }
}
