/// The read positions of all files, which of them were not found yet, and the logs' cut-offs.
struct PositionLedger {
    private(set) var known: KnownPositions
    /// Positions from before the start whose files were not found yet and may have more lines.
    private(set) var outstanding: [FilePosition]
    /// Positions changed since they were last taken.
    private(set) var changed: [FilePosition] = []
    /// Losses since they were last taken.
    private(set) var losses: [LogLoss] = []
    // The cut-off of each log that has a state.
    private var logs: [String: Double?] = [:]

    init(_ stored: KnownPositions) {
        known = KnownPositions()
        var canonical: [String: String] = [:]
        for var position in stored.positions {
            let path = canonical[position.path] ?? LogNames.canonical(position.path)
            canonical[position.path] = path
            position.path = path
            known.add(position)
            logs.updateValue(position.countsFrom, forKey: path)
        }
        outstanding = known.positions.filter { !$0.isFinished }
    }

    // MARK: Logs

    /// Whether a log, or a glob, was followed before.
    func hasState(_ path: String) -> Bool { logs.keys.contains(path) }

    /// The cut-off of a log; see `FilePosition.countsFrom`.
    func countsFrom(_ path: String) -> Double? { logs[path] ?? nil }

    /// Notes that a log is followed, even if it does not exist yet. After a restart all of its files are read.
    mutating func noteFollowed(_ path: String, countsFrom: Double?) {
        logs.updateValue(countsFrom, forKey: path)
        note(
            FilePosition(
                path: path, inode: .none, offset: 0, fingerprint: Fingerprint(of: []), isFinished: true,
                countsFrom: countsFrom))
    }

    // MARK: Files

    /// Notes that a file is read from now on.
    ///
    /// - Parameter former: The positions that it continues.
    mutating func begin(_ file: any LogReader, behind former: [FilePosition]) {
        resolve(former, by: file)
        note(file.position, continuing: former.contains { $0.inode == file.inode })
    }

    /// Notes how far a file was read. The position is delivered with the batch.
    mutating func noteRead(_ position: FilePosition) {
        known.add(position)
    }

    /// Notes that a file is closed.
    mutating func end(_ file: any LogReader) {
        note(file.finalPosition)
    }

    /// Notes that a file is not read.
    ///
    /// - Parameter former: The positions in it.
    mutating func passOver(_ file: LogFile, behind former: [FilePosition] = []) throws(FileFailure) {
        resolve(former, by: file)
        // By it copies are found without a look at each position.
        _ = try file.findBeginning()
        try file.skipToEnd()
        note(file.finalPosition, continuing: former.contains { $0.inode == file.inode })
    }

    /// Notes that a file is not read, although it cannot be opened. By its inode it is known after a restart.
    mutating func passOver(_ version: FileVersion, of path: String) {
        note(
            FilePosition(
                path: path, inode: version.inode, offset: 0, fingerprint: Fingerprint(of: []), size: version.size,
                isFinished: true))
    }

    /// Notes that the inode of a position belongs to a file with other content, which is not read.
    mutating func noteReused(_ version: FileVersion, of position: FilePosition) {
        note(
            FilePosition(
                path: position.path, inode: version.inode, offset: 0, fingerprint: Fingerprint(of: []),
                size: version.size, isFinished: true), continuing: false)
    }

    /// Whether a file needs no reading: it was read to its end or passed over, and has not grown since.
    func isFinished(_ version: FileVersion) -> Bool {
        known.position(of: version.inode).map { $0.isFinished && $0.size == version.size } ?? false
    }

    /// Notes a file that cannot be read yet. If it is removed before, it is reported as lost.
    mutating func noteUnreadable(_ version: FileVersion, of path: String, countsFrom: Double?) {
        // A file system may have reused the inode of a file that was read to its end.
        let known = known.position(of: version.inode)
        guard known.map({ $0.isFinished && $0.size != version.size }) ?? true else { return }
        let position = FilePosition(
            path: path, inode: version.inode, offset: 0, fingerprint: Fingerprint(of: []), size: version.size,
            countsFrom: countsFrom)
        note(position, continuing: false)
        outstanding.append(position)
    }

    /// Notes the position up to which a file had been read before it was truncated.
    mutating func noteTruncated(_ file: any LogReader, from former: FilePosition) {
        note(former)
        note(file.position)
    }

    /// - Parameter isContinued: Whether the known position with this inode is of the same file. If not, the file system
    ///   reused the inode, and the old file is identified by its content alone.
    private mutating func note(_ position: FilePosition?, continuing isContinued: Bool = true) {
        guard let position else { return }
        if !isContinued, var former = known.position(of: position.inode) {
            outstanding = outstanding.map { KnownPositions.areOfOneFile($0, former) ? $0.withoutInode : $0 }
            former = former.withoutInode
            known.add(former)
            changed.append(former)
        }
        known.add(position)
        changed.append(position)
    }

    /// Marks positions as finished that a file continues.
    private mutating func resolve(_ former: [FilePosition], by file: any LogReader) {
        outstanding.removeAll { candidate in former.contains { KnownPositions.areOfOneFile($0, candidate) } }
        for var position in former where position.inode != file.inode && !position.isFinished {
            position.isFinished = true
            note(position)
        }
    }

    /// Marks an outstanding position as finished, and reports a loss if it was not found.
    mutating func conclude(_ position: FilePosition, isFound: Bool) {
        if !isFound, position.size > 0 {
            losses.append(
                LogLoss(
                    path: position.path, offset: position.offset, knownBytes: max(0, position.size - position.offset),
                    reason: "rotated or removed before it was read to its end, and not found"))
        }
        outstanding.removeAll { KnownPositions.areOfOneFile($0, position) }
        var position = position
        position.isFinished = true
        note(position)
    }

    mutating func report(_ loss: LogLoss) {
        losses.append(loss)
    }

    // MARK: Delivery

    mutating func takeChanged() -> [FilePosition] {
        defer { changed = [] }
        return changed
    }

    mutating func takeLosses() -> [LogLoss] {
        defer { losses = [] }
        return losses
    }
}
