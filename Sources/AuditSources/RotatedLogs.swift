import Glibc

/// The names of rotated logs.
enum RotatedLogs {
    /// The modification time of a directory: it changes if a file in it is created, renamed or removed.
    struct DirectoryVersion: Equatable {
        /// In nanoseconds, at least a tick of the kernel's clock. A second change within it does not change the time.
        private static let grain = 50_000_000

        private let modified: Int

        /// The version of a log's directory; `nil` if it changed so recently that the next change may not show.
        init?(besides path: String) {
            var information = stat()
            var now = timespec()
            guard stat(split(realPath(path)).directory, &information) == 0, clock_gettime(CLOCK_REALTIME, &now) == 0
            else { return nil }
            modified = nanoseconds(information.st_mtim)
            guard modified < nanoseconds(now) - Self.grain else { return nil }
        }
    }

    /// Nanoseconds since 1970, saturated: file systems have times after the year 2262, where `Int` ends.
    private static func nanoseconds(_ time: timespec) -> Int {
        let (nanoseconds, overflow) = time.tv_sec.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return time.tv_sec < 0 ? .min : .max }
        return nanoseconds.addingSaturated(time.tv_nsec)
    }

    /// The paths of a log's rotated files, oldest first.
    ///
    /// kube-apiserver inserts the time into the name (`audit-2026-11-23T23-14-34.953.log`); logrotate appends a number
    /// (`audit.log.1`) or a date (`audit.log-20261123`). Compressed files have `.gz` or `.zst` after that. They are
    /// included once their original is removed.
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

    /// Opens a log's rotated files, oldest first.
    ///
    /// - Returns: The opened files, and the first failure. A missing file, or one without permission, is not a failure.
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
        // A time of day follows the date if the log is rotated more than once a day.
        let date = appended.prefix("-00000000".count)
        let time = appended.dropFirst(date.count).drop { $0 == "-" }
        return hasForm("-00000000", date) && time.allSatisfy(isDigit)
    }

    /// Whether a file is in a log's directory and has the name of a rotated file of it.
    static func isRotated(path candidate: String, of path: String) -> Bool {
        let (candidate, log) = (split(candidate), split(path))
        return candidate.directory == log.directory && isRotated(candidate.name, of: log.name)
    }

    /// A file's name without the suffix of a compression program.
    static func withoutCompressionSuffix(_ name: String) -> String {
        [".gz", ".zst"].first { name.hasSuffix($0) }.map { String(name.dropLast($0.count)) } ?? name
    }

    /// Whether a text has a form; each zero of the form stands for any digit.
    private static func hasForm(_ form: String, _ text: Substring) -> Bool {
        text.count == form.count && zip(form, text).allSatisfy { $0 == "0" ? isDigit($1) : $0 == $1 }
    }

    private static func isDigit(_ character: Character) -> Bool {
        ("0"..."9").contains(character)
    }

    /// The path without symlinks, or the path itself if it does not exist.
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

/// Files that wait until it is certain whether they were read: copies of a followed log, and compressed files that are
/// still being written. They are examined again after a minute, or when their size changes.
struct Deferrals {
    private static let delay: Duration = .seconds(60)

    private struct Entry {
        var size: Int
        var path: String
        var until: ContinuousClock.Instant

        /// Whether it may contain missing lines of a log. A file that matches a glob is followed under its own name.
        func isBeside(_ log: String) -> Bool {
            path == log || RotatedLogs.isRotated(path: path, of: log)
        }
    }

    private var entries: [Inode: Entry] = [:]

    /// Defers a file. A deferred file that has not changed keeps its time.
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

    /// Whether a file still has to wait; `nil` if it is not deferred, or has changed since.
    func contains(_ file: LogFile, _ size: Int, at now: ContinuousClock.Instant) -> Bool? {
        guard let entry = entries[file.inode], entry.size == size else { return nil }
        return now < entry.until
    }

    /// Whether a rotated file of a log must be examined again.
    func isDue(_ log: String, at now: ContinuousClock.Instant) -> Bool {
        entries.values.contains { $0.path == log && $0.until <= now }
    }

    /// Whether a deferred file may contain missing lines of a log.
    func isUndecided(beside log: String) -> Bool {
        // An empty file contains no lines.
        entries.values.contains { $0.isBeside(log) && $0.size > 0 }
    }
}
