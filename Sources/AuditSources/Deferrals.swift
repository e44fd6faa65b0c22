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
