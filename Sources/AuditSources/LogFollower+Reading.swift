import AuditEvents

/// Reading, a bounded amount at a time.
extension LogFollower {
    /// Does one bounded step. The logs take turns.
    public mutating func step() -> Step {
        var quiet = 0
        while quiet < streams.count {
            turn = (turn + 1) % streams.count
            if surveys.isBusy(streams[turn].path) {
                survey(in: turn)
                return .working
            }
            if !streams[turn].pending.isEmpty {
                indexOpenFiles()
                defer { openFiles = [:] }
                if openPending(in: turn) { return .working }
            }
            switch streams[turn].read() {
            case .piece(let piece, let file, let lines):
                let batch = batch(piece, of: file, in: turn, without: lines)
                for pattern in streams[turn].patterns { progress[pattern].note(batch.scanned) }
                return .batch(batch)
            case .determinable(let file): determine(file, in: turn)
            case .truncated(let file, let former): follow(file, truncatedFrom: former, in: turn)
            case .working: return .working
            case .failed: countReadError(in: turn)
            case nil: quiet += 1
            }
        }
        if search.advance(&ledger, reading: pread) { return .working }
        settleDoubtfulLosses()
        if let last = closeFinished() ?? wholeRest() ?? remainder() { return .batch(last) }
        return makeRoom() ? .working : .idle
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

    /// Finds where reading begins in a file whose first line was incomplete when it was opened.
    private mutating func determine(_ file: LogFile, in index: Int) {
        do throws(FileFailure) {
            indexOpenFiles()
            defer { openFiles = [:] }
            let beginning = try findBeginning(of: file, replacing: nil)
            streams[index].compare(file, beginning.comparison)
            ledger.begin(file, behind: beginning.former)
        } catch {
            file.endRound()
            streams[index].siblingFailure = error
            countReadError(in: index)
        }
    }

    /// Does one step of surveying a compressed log.
    private mutating func survey(in index: Int) {
        let plain = streams.flatMap { $0.files.compactMap { $0 as? LogFile } }
        guard
            let decision = surveys.advance(
                streams[index].path, known: ledger.known, followed: plain, at: lastLook)
        else { return }
        do throws(FileFailure) {
            switch decision {
            case .read(let archive, let held):
                archive.countsFrom = ledger.countsFrom(streams[index].path)
                streams[index].insert(archive, comparing: nil, at: lastLook)
                ledger.begin(archive, behind: held)
                if let fault = archive.fault { ledger.report(LogLoss(fault, of: archive, at: archive.length)) }
                doubtfulLosses.removeAll { Self.isBeside(archive.path, $0.loss.path) }
            case .passOver(let file, let held):
                try ledger.passOver(file, behind: held)
                examined[file.inode] = try file.version()
            case .corrupt(let file, let reason, let held):
                try ledger.passOver(file, behind: held)
                examined[file.inode] = try file.version()
                ledger.report(LogLoss(reason, of: file, at: held.last?.offset ?? 0))
            case .wait: break
            case .failed(let failure): throw failure
            }
        } catch {
            streams[index].siblingFailure = error
            countReadError(in: index)
        }
    }

    private static func isBeside(_ path: String, _ log: String) -> Bool {
        path == log || LogNames.isRotated(path: path, of: log)
    }

    // MARK: Truncation

    /// Handles copytruncate: lines between the last read and the copying are only in the copy.
    private mutating func follow(_ file: any LogReader, truncatedFrom former: FilePosition, in index: Int) {
        for pattern in streams[index].patterns { truncations[pattern] &+= 1 }
        for stream in streams { stream.endComparisons(with: file, truncatedFrom: former) }
        ledger.noteTruncated(file, from: former)
        surveys.restart(beside: former.path, at: lastLook)
        let lastRead = streams[index].lastRead(of: file) ?? lastLook
        streams[index].isDue = true
        indexOpenFiles()
        findRotations(matched: matchedInodes())
        openFiles = [:]
        guard former.size > former.offset else { return }
        doubtfulLosses.append(
            DoubtfulLoss(
                loss: LogLoss(
                    path: former.path, offset: former.offset, knownBytes: former.size - former.offset,
                    reason: "truncated before it was read to its end"),
                former: former, file: file, lastRead: lastRead))
    }

    private func matchedInodes() -> Set<Inode> {
        Set(patterns.flatMap { $0.matches().paths }.compactMap { Inode(path: $0) })
    }

    /// Reports losses by truncation, unless a copy of the log was found since its last read. A copy that matches a glob
    /// is followed under its own name.
    private mutating func settleDoubtfulLosses() {
        guard !doubtfulLosses.isEmpty else { return }
        for doubt in doubtfulLosses where !surveys.isUndecided(beside: doubt.loss.path) {
            let isCopied = streams.contains { stream in
                Self.isBeside(stream.path, doubt.loss.path)
                    && (stream.hasFound(besides: doubt.file, since: doubt.lastRead)
                        || stream.holdsRest(behind: doubt.former, besides: doubt.file))
            }
            if !isCopied { ledger.report(doubt.loss) }
        }
        doubtfulLosses.removeAll { [surveys] in !surveys.isUndecided(beside: $0.loss.path) }
    }

    // MARK: Closing

    /// Closes rotated files without new bytes, and delivers the bytes after their last line feed, which no writer will
    /// complete.
    private mutating func closeFinished() -> InputBatch? {
        let isCrowded =
            streams.reduce(0) { $0 + $1.rotatedFiles } > Self.rotatedLimit
            || streams.contains { !$0.pending.isEmpty }
        let deadline = isCrowded || isShortOfDescriptors ? lastLook : lastLook - Self.patience
        let globs = patterns.map(\.isGlob)
        for index in streams.indices {
            // Any number of files that a glob matched may be removed and never come back.
            let isNamed = streams[index].patterns.contains { !globs[$0] }
            while let file = streams[index].removeFinished(
                since: deadline, isCrowded: isCrowded, keepsRemoved: isNamed)
            {
                let rest = file.takeRest()
                let last = rest.map { batch($0, of: file, in: index, without: nil, isLast: true) }
                close(file)
                if let last { return last }
            }
        }
        return nil
    }

    /// The last line of a quiet log that lacks nothing but its line feed.
    private mutating func wholeRest() -> InputBatch? {
        for index in streams.indices {
            guard let rest = streams[index].takeWholeRest(since: lastLook - Self.patience) else { continue }
            return batch(rest.piece, of: rest.file, in: index, without: nil, isLast: rest.isLast)
        }
        return nil
    }

    private mutating func close(_ file: any LogReader) {
        ledger.end(file)
        if let loss = LogLoss(unreadRestOf: file) { ledger.report(loss) }
        guard file.links > 0 else { return }
        examined[file.inode] = try? file.version()
    }

    /// Closes files at their end; they are opened again when they grow.
    mutating func closeQuietFiles(keeping count: Int) {
        for index in streams.indices where openCount > count {
            while openCount > count, let file = streams[index].removeQuiet() { close(file) }
        }
    }

    /// Makes room for files that wait for a descriptor, or for their turn.
    ///
    /// - Returns: Whether more can be read now.
    private mutating func makeRoom() -> Bool {
        guard isShortOfDescriptors else { return false }
        closeQuietFiles(keeping: openLimit / 2)
        // Rotated files were closed since the last look as well.
        guard openCount < openedCount else { return false }
        look(at: lastLook)
        return true
    }

    // MARK: Batches

    /// Positions and losses that no batch has delivered yet.
    private mutating func remainder() -> InputBatch? {
        guard !ledger.changed.isEmpty || !ledger.losses.isEmpty else { return nil }
        return InputBatch(
            input: .file, path: "", scanned: ScannedEvents(), bytes: 0, positions: ledger.takeChanged(),
            losses: ledger.takeLosses())
    }

    /// The form of the records of a log. If several flags name it, that of a path before that of a glob, and that of the
    /// first flag.
    func format(of stream: LogStream) -> AuditFormat {
        let indices = stream.patterns.sorted()
        guard indices.count > 1 else { return indices.first.map { patterns[$0].format } ?? .auto }
        return patterns[indices.first { !patterns[$0].isGlob } ?? indices[0]].format
    }

    /// - Parameters:
    ///   - lines: Lines that were read elsewhere.
    ///   - isLast: Whether the file has nothing behind the piece.
    private mutating func batch(
        _ piece: LineBuffer.Piece, of file: any LogReader, in index: Int, without lines: LineSet?, isLast: Bool = false
    ) -> InputBatch {
        let found = scan(piece, of: file, as: format(of: streams[index]), without: lines, isLast: isLast)
        // What is left over is read again, also after a restart.
        file.giveBack(found.rest, head: found.restHead)
        if found.skipsLine { file.skipLine() }
        let position = file.position
        if let position { ledger.noteRead(position) }
        return InputBatch(
            input: .file, path: file.name, scanned: found, bytes: piece.consumed - found.keptBytes,
            oversizedLines: piece.oversizedLines,
            positions: ledger.takeChanged() + (position.map { [$0] } ?? []), losses: ledger.takeLosses(),
            countsFrom: file.countsFrom)
    }

    private mutating func scan(
        _ piece: LineBuffer.Piece, of file: any LogReader, as format: AuditFormat, without lines: LineSet?, isLast: Bool
    ) -> ScannedEvents {
        var found = ScannedEvents()
        let bytes = file.lines.bytes
        let runs = lines.map { lines in
            bytes.withUnsafeBytes { lines.others(in: UnsafeRawBufferPointer(rebasing: $0[..<piece.length])) }
        }
        for run in runs ?? [0..<piece.length] {
            // A record that goes on behind lines that were read elsewhere is not complete.
            let isLast = isLast || run.upperBound < piece.length
            var scanned = scanner.scan(
                lines: bytes.span.bytes.extracting(run), as: format, isLast: isLast,
                isContinued: piece.isContinued && run.lowerBound == 0)
            for index in scanned.malformed.indices {
                scanned.malformed[index].offset += piece.offset + run.lowerBound
                // A fault in a record of the log's own format.
                if format != .auto { scanned.malformed[index].shape = nil }
            }
            found.append(scanned)
        }
        return found
    }
}
