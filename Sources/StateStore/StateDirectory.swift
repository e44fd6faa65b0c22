import Foundation
import Glibc
import Synchronization

/// The directory of the state. This process owns it until it is released.
final class StateDirectory: Sendable {
    /// The directory.
    let path: String
    // Of the file `lock`. The lock ends with the process, so a killed process leaves none behind.
    private let descriptor: Mutex<Int32?>

    /// The path of the database.
    var database: String { "\(path)/state.db" }

    /// Creates the directory if it is missing, and locks it.
    init(path: String) throws(StateStoreError) {
        self.path = path
        try Self.create(path)
        descriptor = Mutex(try Self.lock(path))
    }

    deinit {
        release()
    }

    /// Unlocks the directory for other processes.
    func release() {
        descriptor.withLock { descriptor in
            if let descriptor { close(descriptor) }
            descriptor = nil
        }
    }

    private static func create(_ path: String) throws(StateStoreError) {
        if mkdir(path, 0o750) == 0 {
            // The parent may be unreadable, and the loss of an empty directory does no harm.
            try? sync(directory: "\(path)/..")
            return
        }
        switch errno {
        case EEXIST: break
        case let code: throw .creating(path, code)
        }
        var information = stat()
        guard stat(path, &information) == 0 else {
            guard errno == ENOENT else { throw .system(errno, path) }
            throw StateStoreError(
                kind: .unusable, path: path, reason: "a symbolic link to a directory that does not exist; create that")
        }
        guard information.st_mode & S_IFMT == S_IFDIR else {
            throw StateStoreError(kind: .unusable, path: path, reason: "not a directory; state is kept in a directory")
        }
    }

    private static func lock(_ path: String) throws(StateStoreError) -> Int32 {
        let file = "\(path)/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw .system(errno, file) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else { throw .system(code, file) }
            let process = holder(descriptor).map { " (process \($0))" } ?? ""
            throw StateStoreError(
                kind: .inUse, path: path,
                reason: "another exporter\(process) keeps its state here; give each its own directory")
        }
        // Only information for people, so errors do not matter.
        let process = "\(getpid())\n"
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, process, process.utf8.count, 0)
        return descriptor
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// Makes changes of file names in a directory durable.
    static func sync(directory path: String) throws(StateStoreError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(errno, path) }
        defer { close(descriptor) }
        // Some file systems cannot sync a directory, and need not.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw .system(errno, path) }
    }

    /// Makes changes of file names durable.
    func sync() throws(StateStoreError) {
        try Self.sync(directory: path)
    }

    /// Whether files in it can be written, as far as permissions tell.
    var isWritable: Bool { access(path, W_OK) == 0 }
}

extension StateDirectory {
    /// The suffixes of files that SQLite keeps next to a database.
    private static let companions = ["-wal", "-shm", "-journal"]

    /// What exists at the path of the database.
    enum Finding {
        case nothing, database
        /// Only SQLite's companion files; a new database must not be combined with them.
        case companionsOnly
    }

    /// Finds the database, and checks that it can be read and written: SQLite would open it read-only without an error.
    func find() throws(StateStoreError) -> Finding {
        let descriptor = open(database, O_RDWR | O_CLOEXEC)
        if descriptor >= 0 {
            close(descriptor)
            return .database
        }
        guard errno == ENOENT else { throw .system(errno, database) }
        return Self.companions.contains { exists(database + $0) } ? .companionsOnly : .nothing
    }

    /// Moves the database aside.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: Its new path.
    func moveAside(at now: Double) throws(StateStoreError) -> String {
        let time = Date(timeIntervalSince1970: now).formatted(
            .iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        var target = "\(database).damaged-\(time)"
        var number = 1
        while ([""] + Self.companions).contains(where: { exists(target + $0) }) {
            number += 1
            target = "\(database).damaged-\(time)-\(number)"
        }
        // The database first: without its companions it may look complete, they without it do not.
        for companion in [""] + Self.companions {
            guard rename(database + companion, target + companion) == 0 || errno == ENOENT else {
                throw .system(errno, database + companion)
            }
        }
        try sync()
        return target
    }

    /// Creates a database under another name and renames it, so that there is a complete one or none.
    func createDatabase(_ make: (_ path: String) throws(StateStoreError) -> Void) throws(StateStoreError) {
        let new = "\(database).new"
        for companion in [""] + Self.companions { unlink(new + companion) }
        // The key in it is secret, and SQLite would let others read the file.
        let descriptor = open(new, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .system(errno, new) }
        close(descriptor)
        try make(new)
        guard rename(new, database) == 0 else { throw .system(errno, database) }
        try sync()
    }

    private func exists(_ path: String) -> Bool {
        var information = stat()
        return lstat(path, &information) == 0
    }
}
