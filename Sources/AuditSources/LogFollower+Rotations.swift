import Compression
import Glibc

/// Finding rotated files, archives and lost ones.
extension LogFollower {
    /// Creates the streams of logs whose file was rotated while nobody followed it, and does not exist again yet.
    mutating func openKnownLogs() {
        for (index, pattern) in patterns.enumerated() where pattern.isGlob {
            let glob = LogNames.canonical(pattern.description)
            for path in Set(ledger.outstanding.map(\.path)) where fnmatch(glob, path, FNM_PATHNAME | FNM_PERIOD) == 0 {
                streams[stream(at: path)].patterns.insert(index)
            }
        }
    }

    /// Creates the streams of logs that a glob matches by name, and of which only rotated files exist at the start.
    mutating func openRotatedLogs(_ matches: [LogPattern.Matches]) {
        for (index, pattern) in patterns.enumerated() where pattern.isGlob {
            let glob = LogNames.canonical(pattern.description)
            for path in Set(matches[index].paths.flatMap(LogNames.logs(rotatedTo:)))
            where fnmatch(glob, path, FNM_PATHNAME | FNM_PERIOD) == 0 && access(path, F_OK) != 0 {
                let stream = stream(at: path)
                streams[stream].patterns.insert(index)
                register(stream, of: index)
            }
        }
    }

    /// Finds files beside the logs that must be read: under the names of rotated files, and by inode under any name.
    ///
    /// - Parameter matched: Files that flags name; they are followed as they are.
    mutating func findRotations(matched: Set<Inode>) {
        var byDirectory: [String: [String: Int]] = [:]
        var due: Set<String> = []
        for index in streams.indices {
            let isDue =
                streams[index].isDue || streams[index].siblingFailure != nil || !streams[index].unlisted.isEmpty
                || surveys.isDue(streams[index].path, at: lastLook)
            streams[index].isDue = false
            streams[index].unlisted = [:]
            for (directory, name) in places(of: index) {
                byDirectory[directory, default: [:]][name] = index
                if isDue { due.insert(directory) }
            }
        }
        listings = listings.filter { byDirectory[$0.key] != nil }
        let open = Set(streams.flatMap { $0.files.map(\.inode) })
        var hasChanged = false
        for (directory, names) in byDirectory {
            var listing = listings[directory] ?? DirectoryListing(path: directory)
            let isChanged = listing.refresh(at: lastLook)
            listings[directory] = listing
            for index in names.values { note(listing.failure, of: directory, in: index) }
            guard isChanged || due.contains(directory) else { continue }
            hasChanged = true
            findRotations(in: listing, names, besides: open.union(matched))
        }
        guard hasChanged else { return }
        listed = Set(listings.values.flatMap { $0.files.map(\.version.inode) })
        examined = examined.filter { listed.contains($0.key) || matched.contains($0.key) }
        originals = originals.filter { listed.contains($0.key.inode) }
        surveys.forget(besides: listed.union(matched))
        for index in streams.indices {
            streams[index].pending.sort {
                ($0.version.modified, $0.name) < ($1.version.modified, $1.name)
            }
            // They are opened before they can be removed, as far as the limit allows.
            while openPending(in: index) {}
            streams[index].history = .all
        }
    }

    /// Notes whether a log's directory can be listed.
    private mutating func note(_ failure: FileFailure?, of directory: String, in index: Int) {
        streams[index].siblingFailure = nil
        streams[index].unlisted[directory] = failure.map { "\(directory): \($0)" }
        // Without permission nothing is wrong with the disk.
        if case .open(let code) = failure, FileFailure.isPermanent(code) { return }
        if failure != nil { countReadError(in: index) }
    }

    /// Where a log's rotated files are: beside it, and beside the file that its symlink leads to.
    private func places(of index: Int) -> [(directory: String, name: String)] {
        let (path, target) = (streams[index].path, streams[index].target)
        return target == path ? [LogNames.split(path)] : [LogNames.split(path), LogNames.split(target)]
    }

    private mutating func findRotations(
        in listing: DirectoryListing, _ logs: [String: Int], besides known: Set<Inode>
    ) {
        let versions = Dictionary(listing.files.map { ($0.name, $0.version) }) { $1 }
        for index in logs.values {
            streams[index].unreadable = streams[index].unreadable.filter {
                LogNames.split($0.key).directory != listing.path
            }
            streams[index].pending.removeAll { LogNames.split($0.name).directory == listing.path }
        }
        for file in listing.files where !known.contains(file.version.inode) {
            let version = file.version
            guard examined[version.inode] != version, !surveys.contains(version.inode),
                !surveys.isWaiting(version, at: lastLook)
            else { continue }
            let plain = LogNames.withoutCompressionSuffix(file.name)
            if plain != file.name, let original = versions[plain], originals[version]?.isStill(original) == true {
                continue
            }
            let path = LogNames.joined(listing.path, file.name)
            let position = ledger.known.position(of: version.inode)
            let named = file.originals.lazy.compactMap { logs[$0] }.first
            guard logs[file.name] == nil, let index = log(of: path, version, knownAs: position, named: named) else {
                continue
            }
            // The log that it was read for may be under another path now.
            let isUnfinished = position.map { !$0.isFinished } ?? false
            if !isUnfinished, isTooOld(file, for: streams[index].history) {
                passOver(path, version, in: index)
            } else {
                streams[index].pending.append(LogStream.Pending(name: path, version: version))
            }
        }
    }

    /// The log that a file belongs to.
    ///
    /// - Parameters:
    ///   - position: The position that is known by the file's inode.
    ///   - named: The log that it is a rotated file of, by its name.
    private mutating func log(
        of path: String, _ version: FileVersion, knownAs position: FilePosition?, named: Int?
    ) -> Int? {
        guard let position, let index = indices[position.path], index != named else { return named }
        // Without bytes only the inode and perhaps the first line identify the file, and file systems reuse inodes.
        if position.fingerprint.length == 0, position.isFinished { return named }
        // Without a name, only a file that is not read to its end is of interest.
        if named == nil, position.isFinished, position.size == version.size { return nil }
        // What cannot be read now is opened again when its turn comes.
        guard let file = try? LogFile(name: path, path: position.path, reading: pread),
            let isSame = try? isContinued(file, position)
        else { return index }
        if isSame { return index }
        if named == nil { ledger.noteReused(version, of: position) }
        return named
    }

    /// Whether a rotated file holds only requests from before the cut-off of a log that is seen for the first time.
    private func isTooOld(_ file: DirectoryListing.File, for history: LogStream.History) -> Bool {
        switch history {
        case .all: false
        case .none: true
        case .since(let time):
            (LogNames.latestRotation(file.name) ?? .infinity) < time || Double(file.version.modified) / 1e9 < time
        }
    }

    /// Remembers a file that is not read.
    private mutating func passOver(_ path: String, _ version: FileVersion, in index: Int) {
        do throws(FileFailure) {
            let file = try open(path, of: index)
            try ledger.passOver(file)
            examined[file.inode] = try file.version()
        } catch {
            if case .open(let code) = error, FileFailure.isPermanent(code) {
                ledger.passOver(version, of: streams[index].path)
                examined[version.inode] = version
                return
            }
            streams[index].siblingFailure = error
            countReadError(in: index)
        }
    }

    /// Opens the next rotated file of a log, if the limit allows it.
    ///
    /// - Returns: Whether there may be another one to open now.
    mutating func openPending(in index: Int) -> Bool {
        guard !streams[index].pending.isEmpty, !surveys.isBusy(streams[index].path),
            streams.reduce(surveys.count, { $0 + $1.rotatedFiles }) < Self.rotatedLimit
        else { return false }
        let next = streams[index].pending.removeFirst()
        do throws(FileFailure) {
            let file = try open(next.name, of: index)
            guard !streams.contains(where: { $0.files.contains { $0.inode == file.inode } }) else { return true }
            try begin(file, in: index)
        } catch {
            switch error {
            case .open(ENOENT): break
            case .open(EMFILE), .open(ENFILE): streams[index].pending.insert(next, at: 0)
            case .open(let code) where FileFailure.isPermanent(code) && ledger.isFinished(next.version):
                examined[next.version.inode] = next.version
            case .open(let code) where FileFailure.isPermanent(code):
                streams[index].unreadable[next.name] = "\(error)"
                ledger.noteUnreadable(
                    next.version, of: streams[index].path, countsFrom: ledger.countsFrom(streams[index].path))
            default:
                streams[index].siblingFailure = error
                countReadError(in: index)
            }
            if isShortOfDescriptors { return false }
        }
        return true
    }

    private mutating func begin(_ file: LogFile, in index: Int) throws(FileFailure) {
        let version = try file.version()
        if try isBegun(file) { return }
        if let format = try file.compression() {
            if try isBesideOriginal(file, format, version) { return }
            if try isReadArchive(file) {
                examined[file.inode] = version
            } else {
                surveys.begin(file, format)
            }
            return
        }
        let beginning = try findBeginning(of: file, replacing: nil)
        let isKnown = beginning.former.contains { $0.inode == file.inode }
        let hasName =
            LogNames.isRotated(LogNames.split(file.name).name, of: LogNames.split(file.path).name)
            || LogNames.isRotated(
                LogNames.split(file.name).name, of: LogNames.split(streams[index].target).name)
        // Another file that only has the inode of one that was read.
        guard isKnown || hasName && LogNames.withoutCompressionSuffix(file.name) == file.name else {
            examined[file.inode] = version
            return
        }
        if beginning.comparison == nil, file.lines.place.offset == version.size, !file.lines.isSkipping {
            // All of it was read.
            ledger.begin(file, behind: beginning.former)
            ledger.end(file)
            examined[file.inode] = version
            return
        }
        streams[index].insert(file, comparing: beginning.comparison, at: lastLook)
        ledger.begin(file, behind: beginning.former)
    }

    // MARK: Archives

    /// Whether a file has the name of a compressed one, and is still too short to tell.
    func isBegun(_ file: LogFile) throws(FileFailure) -> Bool {
        guard LogNames.withoutCompressionSuffix(file.name) != file.name, !file.isFIFO else { return false }
        return try file.size() < CompressionFormat.magicLength
    }

    /// Whether the original of a compressed file is in the same directory; it is read instead.
    ///
    /// The file that has its name without the suffix may also be a later one: logrotate leaves `audit.log.1.gz` there
    /// when it no longer compresses.
    private mutating func isBesideOriginal(
        _ file: LogFile, _ format: CompressionFormat, _ version: FileVersion
    ) throws(FileFailure) -> Bool {
        let name = LogNames.withoutCompressionSuffix(file.name)
        guard name != file.name, let original = try? FileVersion(path: name), original.isFile, original.size > 0 else {
            return false
        }
        let beginning: [UInt8]
        do throws(DecompressedLog.Failure) {
            beginning = try DecompressedLog.beginning(of: file, format)
        } catch {
            if case .file(let failure) = error { throw failure }
            // It is still being written.
            return true
        }
        // If the other one cannot be read, it may be the original.
        guard let other = try? LogFile(name: name, path: file.path, reading: pread) else { return true }
        let bytes = try other.bytes(at: 0, count: beginning.count)
        // An original is not shorter.
        guard !bytes.isEmpty, bytes == beginning else { return false }
        originals[version] = original
        return true
    }

    /// Whether a compressed log was read. It is identified by its compressed bytes.
    func isReadArchive(_ file: LogFile) throws(FileFailure) -> Bool {
        guard let own = ledger.known.position(of: file.inode), own.isFinished else {
            return try isKnownCopy(file)
        }
        if own.offset == (try file.size()), try file.holds(own) { return true }
        return try isKnownCopy(file)
    }

    private func isKnownCopy(_ file: LogFile) throws(FileFailure) -> Bool {
        guard let hash = try file.findBeginning() else { return false }
        let size = try file.size()
        for position in ledger.known.positions(beginning: hash) where position.isFinished && position.offset == size {
            if try file.holds(position) { return true }
        }
        return false
    }

    // MARK: Losses

    /// Notes which outstanding positions of logs whose file exists were not found.
    mutating func noteMissing(in present: Set<String>) {
        guard !ledger.outstanding.isEmpty else { return }
        for path in Set(ledger.outstanding.map(\.path)) where present.contains(path) {
            // What is in a directory that cannot be listed is not missing.
            guard let index = indices[path], streams[index].unlisted.isEmpty else { continue }
            let isUndecided =
                !streams[index].pending.isEmpty || streams[index].siblingFailure != nil
                || surveys.isUndecided(beside: path)
            let names = places(of: index).flatMap { directory, name in
                (listings[directory]?.files ?? []).filter { $0.originals.contains(name) }
                    .map { LogNames.joined(directory, $0.name) }
            }
            // A copy that was removed is in the log itself.
            search.note(path, in: ledger, listed: listed, isUndecided: isUndecided, names: names + [path])
        }
    }
}
