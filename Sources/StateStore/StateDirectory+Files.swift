import Foundation
import Glibc

extension StateDirectory {
    /// What SQLite keeps beside a database.
    private static let companions = ["-wal", "-shm", "-journal"]

    /// What was found in the place of the database.
    enum Finding {
        case nothing, database
        /// Its companions are there, and it is not; a new one must not be taken for theirs.
        case remains
    }

    /// Looks for the database, and whether it may be read and written: SQLite would open it for reading alone.
    func find() throws(StateStoreError) -> Finding {
        let descriptor = open(database, O_RDWR | O_CLOEXEC)
        if descriptor >= 0 {
            close(descriptor)
            return .database
        }
        guard errno == ENOENT else { throw .system(errno, database) }
        return Self.companions.contains { exists(database + $0) } ? .remains : .nothing
    }

    /// Moves the database out of the way.
    ///
    /// - Parameter now: Seconds since 1970.
    /// - Returns: Where it lies now.
    func moveAside(at now: Double) throws(StateStoreError) -> String {
        let time = Date(timeIntervalSince1970: now).formatted(
            .iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        var target = "\(database).damaged-\(time)"
        var number = 1
        while ([""] + Self.companions).contains(where: { exists(target + $0) }) {
            number += 1
            target = "\(database).damaged-\(time)-\(number)"
        }
        // The database first: without its companions it may look whole, and they without it do not.
        for companion in [""] + Self.companions {
            guard rename(database + companion, target + companion) == 0 || errno == ENOENT else {
                throw .system(errno, database + companion)
            }
        }
        try sync()
        return target
    }

    /// Has a new database made under another name, so that there is a whole one or none.
    func createDatabase(_ make: (_ path: String) throws(StateStoreError) -> Void) throws(StateStoreError) {
        let new = "\(database).new"
        for companion in [""] + Self.companions { unlink(new + companion) }
        // Its key is a secret, and SQLite would let others read it.
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
