import Compression

/// Searches for the files of positions from before the start, before they are reported as lost.
struct LossSearch {
    /// A search in the files of a log, after no file with the inode was found.
    private struct Search {
        let path: String
        var positions: [FilePosition]
        /// The paths of the files that were not searched yet.
        var names: [String]
        var archive: (file: LogFile, work: ArchiveSurvey)?
    }

    /// The outstanding positions that the last look did not find.
    private var missing: Set<FilePosition> = []
    private var searches: [Search] = []

    /// Notes which positions of a log a look did not find. One look is not enough: a file that is renamed or compressed
    /// while the directory is read may appear under neither name.
    ///
    /// - Parameters:
    ///   - listed: The inodes of all files in the directories of logs.
    ///   - isUndecided: Whether a rotated file is still being examined, which may contain them.
    ///   - names: The paths of the log's files.
    mutating func note(
        _ path: String, in ledger: PositionLedger, listed: Set<Inode>, isUndecided: Bool,
        names: @autoclosure () -> [String]
    ) {
        guard !searches.contains(where: { $0.path == path }) else { return }
        let absent = ledger.outstanding.filter { $0.path == path && !listed.contains($0.inode) }
        let lost = missing.intersection(absent)
        if !missing.isEmpty || !absent.isEmpty { missing = missing.filter { $0.path != path }.union(absent) }
        guard !lost.isEmpty, !isUndecided else { return }
        // A rotated file may still contain the position: its compressed form was read, for example, and the position
        // was stored again afterwards.
        searches.append(Search(path: path, positions: absent.filter(lost.contains), names: names()))
    }

    /// Does one step of the oldest search.
    ///
    /// - Returns: Whether there was a search.
    mutating func advance(_ ledger: inout PositionLedger, reading pread: @escaping PositionalRead) -> Bool {
        guard var search = searches.first else { return false }
        search.positions.removeAll { position in !ledger.outstanding.contains(position) }
        // A file that was empty cannot have lost anything.
        let isNeeded = search.positions.contains {
            $0.size > 0 && ($0.fingerprint.length > 0 || $0.beginning != nil)
        }
        guard isNeeded, search.archive != nil || !search.names.isEmpty else {
            searches.removeFirst()
            for position in search.positions {
                missing.remove(position)
                ledger.conclude(position, isFound: false)
            }
            return true
        }
        do throws(FileFailure) {
            for position in try found(in: &search, reading: pread) {
                missing.remove(position)
                ledger.conclude(position, isFound: true)
            }
            searches[0] = search
        } catch {
            // The position may be in this file. A later look begins the search again.
            searches.removeFirst()
        }
        return true
    }

    /// Does one step in one file.
    ///
    /// - Returns: The positions in it.
    private func found(
        in search: inout Search, reading pread: @escaping PositionalRead
    ) throws(FileFailure) -> [FilePosition] {
        if let (_, work) = search.archive {
            guard let finding = work.advance(known: search.positions, followed: []) else { return [] }
            search.archive = nil
            switch finding {
            case .read(let held), .unread(_, let held), .corrupt(_, let held): return held
            case .failed(let failure): throw failure
            case .followed, .incomplete: return []
            }
        }
        let file: LogFile
        do throws(FileFailure) {
            file = try LogFile(name: search.names.removeFirst(), path: search.path, reading: pread)
        } catch {
            if case .open(let code) = error, FileFailure.isPermanent(code) { return [] }
            throw error
        }
        if let format = try file.compression() {
            search.archive = (file, ArchiveSurvey(file, format, isSettled: true))
            return []
        }
        var held: [FilePosition] = []
        for position in search.positions where try file.holds(position) { held.append(position) }
        return held
    }
}
