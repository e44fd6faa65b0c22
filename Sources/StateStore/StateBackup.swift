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
        /// Read positions of logs.
        public let positions: Int
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
        var information = stat()
        guard lstat(target, &information) != 0 else {
            throw StateStoreError(kind: .unusable, path: target, reason: "exists; give a directory that does not exist")
        }
        let partial = URL(filePath: target).standardizedFileURL.path + ".partial-\(getpid())"
        // The key in the database is secret.
        guard mkdir(partial, 0o700) == 0 else { throw .creating(partial, errno) }
        do throws(StateStoreError) {
            try copyFiles(source, to: partial)
            let summary = try complete(partial, of: source)
            guard rename(partial, target) == 0 else { throw .system(errno, target) }
            try StateDirectory.sync(directory: URL(filePath: target).deletingLastPathComponent().path)
            return summary
        } catch {
            for name in ["", "-wal", "-shm"] { unlink("\(partial)/state.db\(name)") }
            rmdir(partial)
            throw error
        }
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
        guard let handle = try? FileHandle(forReadingFrom: URL(filePath: path)) else { return nil }
        return try? handle.read(upToCount: 32)
    }

    /// - Returns: Whether there is a file to copy.
    private static func copyFile(_ source: String, to target: String) throws(StateStoreError) -> Bool {
        let from = open(source, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else {
            if errno == ENOENT { return false }
            throw StateStoreError(
                kind: .unusable, path: source,
                reason: "\(String(cString: strerror(errno))); run the command as the exporter's user or as root")
        }
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
        let summary = try StateDatabase.translating("\(source)/state.db", isWritable: { access(partial, W_OK) == 0 }) {
            let queue = try DatabaseQueue(path: path, configuration: StateDatabase.configuration)
            defer { try? queue.close() }
            return try queue.writeWithoutTransaction { db in
                try StateDatabase.check(db, "\(source)/state.db")
                return Summary(
                    lastCheckpoint: try Double.fetchOne(db, sql: "SELECT last_checkpoint FROM state"),
                    sources: try Int.fetchOne(db, sql: "SELECT count(*) FROM source") ?? 0,
                    positions: try Int.fetchOne(db, sql: "SELECT count(*) FROM position") ?? 0)
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
}
