import Glibc

/// Finding where reading begins in a file.
extension LogFollower {
    /// Where reading begins in a file.
    struct Beginning {
        /// The known positions in it, the furthest one last.
        var former: [FilePosition] = []
        /// Set if it has to be compared first.
        var comparison: (any BeginningSearch)?
    }

    /// Moves a file behind what is known of its content.
    ///
    /// - Parameter replaced: The file that had its path before.
    func findBeginning(of file: LogFile, replacing replaced: LogFile?) throws(FileFailure) -> Beginning {
        guard !file.isFIFO else { return Beginning() }
        var result = Beginning()
        let size = try file.size()
        let hash = try file.findBeginning()
        if let own = ledger.known.position(of: file.inode) {
            if try isContinued(file, own) {
                result.former = [own]
                try file.resume(at: own)
            } else if let mark = try file.lastMark(of: own.marks) {
                result.former = [own]
                try file.resume(at: own, from: mark)
            }
        }
        // Known by its inode and read to its end. After a restart this can be true of thousands of rotated files.
        if file.lines.place.offset > 0, file.lines.place.offset == size { return result }
        let others = hash.map { ledger.known.positions(beginning: $0).filter { $0.inode != file.inode } } ?? []
        // Its copy may have been read further, or the file that it is a copy of.
        let resumed = file.lines.place.offset
        var held: [FilePosition] = []
        for position in others where position.offset > resumed && position.offset <= size {
            if try file.holds(position) { held.append(position) }
        }
        held.sort { $0.offset < $1.offset }
        if let last = held.last { try file.restart(at: last.place) }
        result.former += held
        guard size > file.lines.place.offset else { return result }
        if let hash, let original = try original(of: file, beginning: hash, others) {
            result.comparison = CopyComparison(file, with: original)
        } else if file.lines.place.offset == 0 {
            if let replaced, size >= Self.comparedSize, replaced.lines.place.offset >= Self.comparedSize,
                size >= replaced.lines.place.offset / 2
            {
                result.comparison = CopyComparison(file, inPlaceOf: replaced)
            } else if let search = PositionSearch(file, size: size, among: ledger.known) {
                result.comparison = search
            } else {
                var offset = 0
                for position in others { offset = max(offset, try file.lastMark(of: position.marks)?.offset ?? 0) }
                if offset > 0 { try file.restart(at: offset) }
            }
        }
        return result
    }

    /// The size from which on a file that replaced another one is compared with it. What is smaller is recognized.
    private static let comparedSize = 64 << 10

    /// Whether a position is one in this file, as far as its bytes and its first line show.
    func isContinued(_ file: LogFile, _ position: FilePosition) throws(FileFailure) -> Bool {
        guard position.fingerprint.length == 0, position.offset == 0 else { return try file.holds(position) }
        // Nothing was read of it, so only another first line shows that it is another file.
        guard let hash = position.beginning, let own = try file.findBeginning() else { return true }
        return hash == own
    }

    /// A file with the same first line that was, or will be, read further than this one.
    private func original(
        of file: LogFile, beginning hash: UInt64, _ others: [FilePosition]
    ) throws(FileFailure) -> LogFile? {
        let place = file.lines.place.offset
        let open = (openFiles[hash] ?? []).filter { $0.inode != file.inode && $0.lines.place.offset >= place }
            .sorted { $0.lines.place.offset > $1.lines.place.offset }
        for candidate in open.prefix(8) where !streams.contains(where: { $0.isComparing(candidate) }) {
            // It cannot be compared while it cannot be read; the file then waits, since its lines may have been read.
            if try isEqual(file, candidate, before: place) { return candidate }
        }
        // A file that was read and closed is opened for the comparison.
        for position in others where position.offset > place && position.inode != .none {
            guard listed.contains(position.inode), let name = self.name(of: position.inode),
                let candidate = try? LogFile(name: name, path: position.path, reading: pread),
                candidate.inode == position.inode
            else { continue }
            // The first line of a compressed file is not known.
            guard try candidate.findBeginning() == hash, try candidate.holds(position) else { continue }
            guard try isEqual(file, candidate, before: place) else { continue }
            try candidate.resume(at: position)
            candidate.endRound()
            return candidate
        }
        return nil
    }

    private func isEqual(_ file: LogFile, _ other: LogFile, before place: Int) throws(FileFailure) -> Bool {
        let count = min(place, Fingerprint.limit)
        let bytes = try file.bytes(at: place - count, count: count)
        return try other.bytes(at: place - count, count: count) == bytes
    }

    private func name(of inode: Inode) -> String? {
        for listing in listings.values {
            if let file = listing.files.first(where: { $0.version.inode == inode }) {
                return LogNames.joined(listing.path, file.name)
            }
        }
        return nil
    }

    mutating func indexOpenFiles() {
        openFiles = [:]
        for stream in streams {
            for case let file as LogFile in stream.files {
                // The content of a truncated file is another one, although nothing of it was read yet.
                let hash = file.lines.place.offset == 0 ? try? file.findBeginning() : file.beginning
                if let hash { openFiles[hash, default: []].append(file) }
            }
        }
    }
}
