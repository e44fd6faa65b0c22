import Compression
import Glibc

/// Finds what was rotated away from a log and was not read to its end, by what is known of how far files were read.
struct RotatedLogFinder {
    /// A file that is to be read, and the positions of before that it holds; it goes on from the last of them.
    struct Unread {
        let file: any LogReader
        let former: [FilePosition]
    }

    /// A compressed log of which it is being found out whether it is to be read.
    private struct Survey {
        let file: LogFile
        let format: CompressionFormat
        /// What is read after it; all that is there where there is none.
        var next: (any LogReader)?
        /// `nil` until its turn comes.
        var work: ArchiveSurvey?

        /// Whether it may hold what is missing in a log.
        func isBeside(_ log: String) -> Bool {
            file.path == log || RotatedLogs.isRotated(path: file.path, of: log)
        }
    }

    /// The last search for positions, in compressed logs, before they are reported as lost.
    private struct Search {
        let path: String
        var positions: [FilePosition]
        var archives: [(file: LogFile, format: CompressionFormat)]
        var work: ArchiveSurvey?
    }

    private(set) var known: KnownPositions
    /// Positions from before the start, in files that are not found yet and may hold more.
    private(set) var outstanding: [FilePosition]
    /// Those of them that were not found at the last look.
    private var missing: Set<FilePosition> = []
    /// What is to be remembered, and what was lost, since they were taken last.
    private(set) var changed: [FilePosition] = []
    private(set) var losses: [LogLoss] = []

    private var deferrals = Deferrals()
    private var surveys: [Survey] = []
    private var searches: [Search] = []
    /// Losses by truncation that a compressed copy may disprove, which is still being surveyed.
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

    /// Notes what a truncation lost, unless the copy of it is found.
    mutating func noteUnlessCopied(_ loss: LogLoss) {
        if isSurveying(beside: loss.path) {
            doubtfulLosses.append(loss)
        } else {
            losses.append(loss)
        }
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
        deferrals.drop(beside: former.path)
        // A compressed copy of it was taken for one of a log that is followed.
        for index in surveys.indices where surveys[index].isBeside(former.path) { surveys[index].work = nil }
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
    func positions(in file: LogFile) throws(FileFailure) -> [FilePosition] {
        try known.positions(in: file)
    }

    /// Goes over the rotated logs beside one, and takes those that nobody follows for read.
    ///
    /// - Returns: Why that was not possible for some of them.
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

    /// Whether some file beside a log is to be looked at again.
    func isDue(_ path: String, at now: ContinuousClock.Instant) -> Bool {
        deferrals.isDue(path, at: now)
    }

    /// What was rotated between two looks, or before the start, and not read to its end: the oldest first, each from
    /// where it, or what it is a copy of, was left. Compressed logs are surveyed from now on.
    ///
    /// - Parameters:
    ///   - followed: The files that are open.
    ///   - next: What is read after what is found.
    /// - Returns: What is to be read, and why some files could not be looked at.
    mutating func missedRotations(
        of path: String, besides followed: [any LogReader], before next: (any LogReader)?,
        at now: ContinuousClock.Instant
    ) -> (unread: [Unread], failure: FileFailure?) {
        let plain = followed.compactMap { $0 as? LogFile }
        var missed: [Unread] = []
        // Surveys from this one on have nothing behind them yet.
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
            // If the log is truncated, the copy is read on from where the log was left. If not for a while, and the log
            // was read as far, there is nothing in the copy.
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

    /// Finds out, step by step, whether a compressed log is to be read.
    ///
    /// - Parameter next: What is read after it.
    mutating func survey(
        _ file: LogFile, _ format: CompressionFormat, before next: (any LogReader)?, at now: ContinuousClock.Instant
    ) throws(FileFailure) {
        guard !surveys.contains(where: { $0.file.inode == file.inode }) else { return }
        let size = try file.size()
        // One that was read is known by its compressed bytes.
        if let last = try known.positions(in: file).last, last.isFinished, last.offset == size { return }
        if deferrals.contains(file, size, at: now) == true { return }
        surveys.append(Survey(file: file, format: format, next: next))
    }

    /// Whether compressed logs of a stream are being surveyed; what is behind them waits.
    func isSurveying(_ path: String) -> Bool {
        surveys.contains { $0.file.path == path }
    }

    private func isSurveying(beside log: String) -> Bool {
        surveys.contains { $0.isBeside(log) }
    }

    /// Does the next step of the oldest survey of a stream.
    ///
    /// - Returns: A log that is to be read, and what is read after it; or why it cannot be read now.
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

    /// Nothing more is to be read of a file.
    private mutating func close(_ file: LogFile, continuing isContinued: Bool) throws(FileFailure) {
        try file.skipToEnd()
        deferrals.drop(file)
        note(file.finalPosition, continuing: isContinued)
    }

    func hasDeferrals(of path: String) -> Bool {
        deferrals.isUndecided(beside: path)
    }

    // MARK: Losses

    /// Gives up what was not found of a log, once all that is there of it was looked at twice: a file that is renamed or
    /// compressed while the directory is read may be seen under neither name.
    mutating func reportLosses(of path: String) {
        guard !hasDeferrals(of: path), !searches.contains(where: { $0.path == path }) else { return }
        let searched = outstanding.filter { $0.path == path }
        let lost = missing.intersection(searched)
        missing = missing.filter { $0.path != path }.union(searched)
        guard !lost.isEmpty, !isSurveying(beside: path) else { return }
        // A rotated log that is still there may hold a position that was read then, under its compressed form for
        // instance, and was written again afterwards.
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

    /// Does the next step of searching for what may be lost.
    ///
    /// - Returns: Whether there was something to do.
    @discardableResult
    mutating func advanceSearch() -> Bool {
        guard var search = searches.first else { return false }
        // Where nothing is known to have been there, nothing is known to be lost.
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
                // It may be in there; the search begins again at a later look.
                searches.removeFirst()
                return true
            case .followed, .incomplete, .corrupt: break
            }
        }
        searches[0] = search
        return true
    }

    /// Takes a position that was searched for as finished.
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
