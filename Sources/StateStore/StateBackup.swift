import Foundation
import GRDB
import Glibc

/// Copies the state of an exporter, also while the exporter writes it.
///
/// A plain copy of the files can be torn: SQLite moves pages from its log to the database and then begins the log again,
/// so that a database from before and a log from after miss the pages between. Here the database is copied first and the
/// log second. If the log did not begin again meanwhile, all pages that were moved are also in the copied log, and SQLite
/// reads the newest version of each. Otherwise both are copied again.
public enum StateBackup {
    /// What a copy holds.
    public struct Summary: Sendable, Hashable {
        /// When the exporter last wrote it, in seconds since 1970; `nil` if it never did.
        public let lastCheckpoint: Double?
        /// Counters of sources, over all outcomes.
        public let sources: Int
        /// Logs with a read position. A log of several files, as after a rotation, counts once.
        public let logs: Int
    }

    // A log begins again after a thousand pages at the earliest, so a few attempts are enough.
    private static let attempts = 50

    /// Copies a state, and checks the copy.
    ///
    /// - Parameters:
    ///   - source: The directory of the state.
    ///   - target: A directory that does not exist. It gets its name when the copy is complete, checked and on disk, and
    ///     is itself the directory of a state.
    /// - Throws: Why there is no copy; then nothing is left at `target`.
    public static func copy(_ source: String, to target: String) throws(StateStoreError) -> Summary {
        let source = withoutFinalSlashes(source)
        var information = stat()
        guard lstat(target, &information) != 0 else {
            throw StateStoreError(kind: .exists, path: target, reason: "exists; give a directory that does not exist")
        }
        let partial = partialDirectory(of: target)
        // The key in the database is secret.
        guard mkdir(partial, 0o700) == 0 else {
            if errno == EEXIST {
                throw StateStoreError(
                    kind: .unusable, path: partial, reason: "the rest of a backup that was killed; remove it")
            }
            throw .creating(target, errno)
        }
        do throws(StateStoreError) {
            try copyFiles(source, to: partial)
            let summary = try complete(partial, of: source)
            guard rename(partial, withoutFinalSlashes(target)) == 0 else { throw .system(errno, target) }
            try StateDirectory.sync(directory: parentDirectory(of: target))
            return summary
        } catch {
            removePartial(of: target)
            throw error
        }
    }

    /// Removes what an unfinished `copy` of this process made. It may be called while the copy is made, by a process that
    /// is about to end.
    public static func removePartial(of target: String) {
        let partial = partialDirectory(of: target)
        // The copier may create each file again before the directory is removed.
        for _ in 0..<100 {
            for name in ["", "-wal", "-shm", "-journal"] { unlink("\(partial)/state.db\(name)") }
            if rmdir(partial) == 0 || errno != ENOTEMPTY { return }
        }
    }

    /// The directory of the copy until it is complete: next to the target, by the text of its path, so that it is on the
    /// same file system.
    private static func partialDirectory(of target: String) -> String {
        "\(withoutFinalSlashes(target)).partial-\(getpid())"
    }

    /// The directory in which a path is, without a look at symbolic links.
    static func parentDirectory(of path: String) -> String {
        let path = withoutFinalSlashes(path)
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func withoutFinalSlashes(_ path: String) -> String {
        var path = path[...]
        while path.count > 1, path.last == "/" { path.removeLast() }
        return String(path)
    }

    private static func copyFiles(_ source: String, to target: String) throws(StateStoreError) {
        for _ in 0..<attempts {
            let before = Moment(source)
            guard try copyFile("\(source)/state.db", to: "\(target)/state.db") else {
                throw StateStoreError(
                    kind: .unusable, path: source,
                    reason: "no state there; give the directory of the exporter's --storage.path")
            }
            let hasLog = try copyFile("\(source)/state.db-wal", to: "\(target)/state.db-wal")
            if !hasLog { unlink("\(target)/state.db-wal") }
            if before == Moment(source), hasLog == (before.log != nil) { return }
            usleep(20_000)
        }
        throw StateStoreError(
            kind: .other, path: source,
            reason: "the exporter writes faster than the state can be copied; try again later")
    }

    /// What changes when SQLite's log begins again, and when another database replaces this one.
    private struct Moment: Equatable {
        struct File: Equatable {
            let device: dev_t
            let inode: ino_t
        }

        let database: File?
        let log: File?
        // The header has two numbers that change when the log begins again; it is empty before the first write.
        let header: Data
        // Without a log nothing may change at all.
        var changed: [Int] = []

        init(_ source: String) {
            var information = stat()
            let file = { (name: String) in
                stat("\(source)/\(name)", &information) == 0
                    ? File(device: information.st_dev, inode: information.st_ino) : nil
            }
            log = file("state.db-wal")
            header = log.flatMap { _ in StateBackup.beginning(of: "\(source)/state.db-wal") } ?? Data()
            database = file("state.db")
            if header.isEmpty, database != nil {
                changed = [
                    Int(information.st_size), information.st_mtim.tv_sec, information.st_mtim.tv_nsec,
                ]
            }
        }
    }

    private static func beginning(of path: String) -> Data? {
        guard let descriptor = try? openRegularFile(path) else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return count < 0 ? nil : Data(bytes.prefix(count))
    }

    /// Opens a file of the state, which may be a symbolic link. A FIFO or a device could be read without an end.
    ///
    /// - Returns: Its descriptor; `nil` if there is no file.
    private static func openRegularFile(_ path: String) throws(StateStoreError) -> Int32? {
        // An open of a FIFO would wait for a program that writes to it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let text = String(cString: strerror(errno))
            switch errno {
            case ENOENT: return nil
            case ENOTDIR:
                throw StateStoreError(
                    kind: .unusable, path: parentDirectory(of: path),
                    reason: "not a directory; give the directory of the exporter's --storage.path")
            case EACCES, EPERM:
                throw StateStoreError(
                    kind: .unusable, path: path, reason: "\(text); run the command as the exporter's user or as root")
            default: throw StateStoreError(kind: .unusable, path: path, reason: text)
            }
        }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw StateStoreError(
                kind: .unusable, path: path, reason: "not a regular file, and so not a state of the exporter")
        }
        return descriptor
    }

    /// - Returns: Whether there is a file to copy.
    private static func copyFile(_ source: String, to target: String) throws(StateStoreError) -> Bool {
        guard let from = try openRegularFile(source) else { return false }
        defer { close(from) }
        let to = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard to >= 0 else { throw .system(errno, target) }
        defer { close(to) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(from, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno, source) }
            if count == 0 { return true }
            var written = 0
            while written < count {
                let step = buffer.withUnsafeBytes { write(to, $0.baseAddress?.advanced(by: written), count - written) }
                guard step >= 0 || errno == EINTR else { throw .system(errno, target) }
                written += max(step, 0)
            }
        }
    }

    /// Checks the copy, moves its log into the database, and writes it to disk.
    private static func complete(_ partial: String, of source: String) throws(StateStoreError) -> Summary {
        let path = "\(partial)/state.db"
        let summary = try describingDamage { () throws(StateStoreError) in
            try StateDatabase.translating("\(source)/state.db", isWritable: { access(partial, W_OK) == 0 }) {
                let queue = try DatabaseQueue(path: path, configuration: StateDatabase.configuration)
                defer { try? queue.close() }
                return try queue.writeWithoutTransaction { db in
                    try StateDatabase.check(db, "\(source)/state.db")
                    return try StateDatabase.findingDamage {
                        Summary(
                            lastCheckpoint: try Double.fetchOne(db, sql: "SELECT last_checkpoint FROM state"),
                            sources: try Int.fetchOne(db, sql: "SELECT count(*) FROM source") ?? 0,
                            logs: try Int.fetchOne(db, sql: "SELECT count(DISTINCT path) FROM position") ?? 0)
                    }
                }
            }
        }
        // Closing moved the log into the database and removed it, unless that failed.
        for name in ["-wal", "-shm"] {
            guard unlink(path + name) != 0 else {
                throw StateStoreError(kind: .other, path: path + name, reason: "SQLite could not finish the copy")
            }
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(errno, path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(errno, path) }
        try StateDirectory.sync(directory: partial)
        return summary
    }

    private static func describingDamage<Result>(
        _ body: () throws(StateStoreError) -> Result
    ) throws(StateStoreError) -> Result {
        do throws(StateStoreError) {
            return try body()
        } catch {
            guard error.kind == .damaged else { throw error }
            throw StateStoreError(
                kind: .damaged, path: error.path,
                reason: "damaged (\(error.reason)), so it is not copied; restore an earlier backup, or restart the "
                    + "exporter, which moves it aside and starts with empty counters")
        }
    }
}
