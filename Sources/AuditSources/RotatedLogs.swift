import Glibc

/// Finds what a log was renamed to.
enum RotatedLogs {
    /// What tells whether entries of a directory were made, renamed or removed.
    struct DirectoryVersion: Equatable {
        /// Times are no finer than a tick of the kernel's clock, so what changed so recently may change unnoticed.
        private static let grain = 50_000_000

        private let modified: Int

        /// Of the directory of a log; `nil` where it cannot be told yet.
        init?(besides path: String) {
            var information = stat()
            var now = timespec()
            guard stat(split(realPath(path)).directory, &information) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0
            else { return nil }
            modified = nanoseconds(information.st_mtim)
            guard modified < nanoseconds(now) - Self.grain else { return nil }
        }
    }

    /// Nanoseconds since 1970. They end in the year 2262, and file systems do not: such a time is the largest number.
    private static func nanoseconds(_ time: timespec) -> Int {
        let (nanoseconds, overflow) = time.tv_sec.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return time.tv_sec < 0 ? .min : .max }
        return nanoseconds.addingSaturated(time.tv_nsec)
    }

    /// The files beside a log that have the name of a rotated one, the oldest first.
    ///
    /// kube-apiserver puts the time into the name (`audit-2026-11-23T23-14-34.953.log`), logrotate appends a number
    /// (`audit.log.1`) or a date (`audit.log-20261123`). Compressed ones, which end with `.gz` or `.zst` behind that,
    /// are among them once the file is gone that they were made from.
    static func siblings(of path: String) throws(FileFailure) -> [String] {
        let resolved = realPath(path)
        let (directory, name) = split(resolved)
        guard let handle = opendir(directory) else {
            if FileFailure.isPermanent(errno) { return [] }
            throw .read(errno)
        }
        defer { closedir(handle) }
        var found: [(path: String, modified: Int)] = []
        while true {
            errno = 0
            guard let entry = readdir(handle) else {
                guard errno == 0 else { throw .read(errno) }
                break
            }
            let candidate = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            guard isRotated(candidate, of: name) else { continue }
            let sibling = "\(directory)/\(candidate)"
            var information = stat()
            guard stat(sibling, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { continue }
            let original = withoutCompressionSuffix(sibling)
            guard original == sibling || access(original, F_OK) != 0 else { continue }
            found.append((sibling, nanoseconds(information.st_mtim)))
        }
        return found.sorted { ($0.modified, $0.path) < ($1.modified, $1.path) }.map(\.path)
    }

    /// The files beside a log that have the name of a rotated one, the oldest first.
    ///
    /// - Returns: Those that can be opened, and why some of the others failed. A file that is not there, or that this
    ///   process may not read, is no failure.
    static func openSiblings(of path: String, reading pread: @escaping PositionalRead)
        -> (files: [LogFile], failure: FileFailure?)
    {
        var files: [LogFile] = []
        var failure: FileFailure?
        do throws(FileFailure) {
            for name in try siblings(of: path) {
                do throws(FileFailure) {
                    files.append(try LogFile(name: name, path: path, reading: pread))
                } catch {
                    if case .open(let code) = error, !FileFailure.isPermanent(code) { failure = failure ?? error }
                }
            }
        } catch {
            failure = error
        }
        return (files, failure)
    }

    /// Whether a file's name is that of a rotated log.
    static func isRotated(_ candidate: String, of name: String) -> Bool {
        let candidate = withoutCompressionSuffix(candidate)
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        if candidate.hasPrefix(name[..<dot] + "-"), candidate.hasSuffix(name[dot...]) {
            let time = candidate.dropFirst(name[..<dot].count + 1).dropLast(name[dot...].count)
            if hasForm("0000-00-00T00-00-00.000", time) { return true }
        }
        guard candidate.hasPrefix(name) else { return false }
        let appended = candidate.dropFirst(name.count)
        if appended.hasPrefix("."), let number = Int(appended.dropFirst()) { return number >= 0 }
        // With a time of day behind the date where it is rotated more than once a day.
        let date = appended.prefix("-00000000".count)
        let time = appended.dropFirst(date.count).drop { $0 == "-" }
        return hasForm("-00000000", date) && time.allSatisfy(isDigit)
    }

    /// Whether a file lies beside a log and has the name of a rotated one.
    static func isRotated(path candidate: String, of path: String) -> Bool {
        let (candidate, log) = (split(candidate), split(path))
        return candidate.directory == log.directory && isRotated(candidate.name, of: log.name)
    }

    /// A file's name without what programs add that compress it.
    static func withoutCompressionSuffix(_ name: String) -> String {
        [".gz", ".zst"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
    }

    /// Whether a text is like another one, any digit standing for each nought.
    private static func hasForm(_ form: String, _ text: Substring) -> Bool {
        text.count == form.count && zip(form, text).allSatisfy { $0 == "0" ? isDigit($1) : $0 == $1 }
    }

    private static func isDigit(_ character: Character) -> Bool {
        ("0"..."9").contains(character)
    }

    /// The path without symlinks; itself where it leads nowhere.
    static func realPath(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        return (directory, String(path[path.index(after: slash)...]))
    }
}

/// Files of which it cannot be said yet whether they were read: a copy of a log that is followed, or a compressed file
/// that is being written. They are looked at again after a minute, or when their size changes.
struct Deferrals {
    private static let delay: Duration = .seconds(60)

    private struct Entry {
        var size: Int
        var path: String
        var until: ContinuousClock.Instant

        /// Whether it may hold what is missing in a log. What a glob matches is followed under its own name.
        func isBeside(_ log: String) -> Bool {
            path == log || RotatedLogs.isRotated(path: path, of: log)
        }
    }

    private var entries: [Inode: Entry] = [:]

    /// Defers a file. One that is deferred already, and has not changed, keeps its time.
    mutating func add(_ file: LogFile, _ size: Int, at now: ContinuousClock.Instant) {
        if contains(file, size, at: now) == true { return }
        entries[file.inode] = Entry(size: size, path: file.path, until: now + Self.delay)
    }

    mutating func drop(_ file: LogFile) {
        entries[file.inode] = nil
    }

    mutating func drop(beside log: String) {
        entries = entries.filter { !$0.value.isBeside(log) }
    }

    /// Whether it is too early to look at a file again; `nil` where it was not looked at, or changed since.
    func contains(_ file: LogFile, _ size: Int, at now: ContinuousClock.Instant) -> Bool? {
        guard let entry = entries[file.inode], entry.size == size else { return nil }
        return now < entry.until
    }

    /// Whether some file beside a log is to be looked at again.
    func isDue(_ log: String, at now: ContinuousClock.Instant) -> Bool {
        entries.values.contains { $0.path == log && $0.until <= now }
    }

    /// Whether some file may hold what is missing in a log.
    func isUndecided(beside log: String) -> Bool {
        // In a file that is empty nothing can be found.
        entries.values.contains { $0.isBeside(log) && $0.size > 0 }
    }
}
