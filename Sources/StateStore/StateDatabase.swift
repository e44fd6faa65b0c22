import Dispatch
import GRDB
import Synchronization

/// Creates and opens the database.
enum StateDatabase {
    /// The size of pages of a new database, in bytes. A commit writes each page that it touches as a whole, mostly for
    /// one row of some hundred bytes: with SQLite's usual 4096 it is nearly twice as much. With 1024, more pages cost
    /// time at the start. An existing database keeps its size.
    private static let pageSize = 2048
    /// The size of SQLite's log from which on it is written back, in bytes.
    private static let logSize = 4 << 20

    /// Creates a database.
    ///
    /// - Parameters:
    ///   - path: An empty file, which is renamed once the database is complete.
    ///   - version: The version of the exporter.
    static func create(at path: String, version: String, in directory: StateDirectory) throws(StateStoreError) {
        try translating(path, directory) {
            var configuration = Configuration()
            // The remains of a failed attempt are deleted.
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA page_size = \(pageSize)")
                try db.execute(sql: "PRAGMA journal_mode = MEMORY")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            try Schema.migrator.migrate(queue)
            try queue.write { try Schema.insertState($0, version: version) }
        }
    }

    /// Opens the existing database, reads its content, and checks it.
    ///
    /// It is a queue and not a pool of connections: nothing is read afterwards, and a reader could delay checkpoints,
    /// so that SQLite's log would grow.
    ///
    /// - Parameters:
    ///   - version: The version of the exporter, which is written if the database is migrated.
    ///   - restore: Makes something of the content. It is called while the check runs, and its result is given up if the
    ///     database is damaged: for 100,000 sources each of the two takes a tenth of a second.
    static func open<Restored>(
        in directory: StateDirectory, version: String, restoring restore: (StoredState) -> Restored
    ) throws(StateStoreError) -> (queue: DatabaseQueue, stored: StoredState, restored: Restored) {
        let path = directory.database
        return try translating(path, directory) {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            do {
                guard let stored = try readCurrent(queue, path) else {
                    // Only a whole database is migrated.
                    try queue.writeWithoutTransaction(checkIntegrity)
                    let stored = try findingDamage {
                        try Schema.migrator.migrate(queue)
                        try queue.write { try $0.execute(sql: "UPDATE state SET version = ?", arguments: [version]) }
                        return try queue.writeWithoutTransaction { try StoredState($0) }
                    }
                    return (queue, stored, restore(stored))
                }
                let check = IntegrityCheck(of: queue)
                let restored = restore(stored)
                try check.wait()
                return (queue, stored, restored)
            } catch {
                try? queue.close()
                throw error
            }
        }
    }

    /// The content of a database of the current schema; `nil` if it has an older one.
    private static func readCurrent(_ queue: DatabaseQueue, _ path: String) throws -> StoredState? {
        do {
            return try queue.writeWithoutTransaction { db in
                try checkKind(db, path)
                return try findingDamage {
                    try Schema.migrator.hasCompletedMigrations(db) ? try StoredState(db) : nil
                }
            }
        } catch let error as DatabaseError where [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode) {
            throw error
        } catch {
            // Damage is the reason for any other error, and is moved aside.
            try queue.writeWithoutTransaction(checkIntegrity)
            throw error
        }
    }

    /// A check that runs on the thread of a database.
    private final class IntegrityCheck: Sendable {
        private let failure = Mutex<(any Error)?>(nil)
        private let end = DispatchGroup()

        init(of queue: DatabaseQueue) {
            end.enter()
            queue.asyncWriteWithoutTransaction { db in
                do { try StateDatabase.checkIntegrity(db) } catch { self.failure.withLock { $0 = error } }
                self.end.leave()
            }
        }

        /// Returns when the check is over.
        ///
        /// - Throws: What it found.
        func wait() throws {
            end.wait()
            if let error = failure.withLock({ $0 }) { throw error }
        }
    }

    /// How the database is used.
    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { db in
            // No other program uses the database meanwhile, and SQLite needs no shared memory, which not every file
            // system offers.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            // Committed counts survive a power failure: they may have been shown already.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // In pages. The log is truncated after a large checkpoint.
            let pageSize = try Int.fetchOne(db, sql: "PRAGMA page_size") ?? pageSize
            try db.execute(sql: "PRAGMA wal_autocheckpoint = \(logSize / max(1, pageSize))")
            try db.execute(sql: "PRAGMA journal_size_limit = 8388608")
        }
        return configuration
    }

    /// Takes errors of a database that has our schema for damage.
    static func findingDamage<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError
            where [.SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH].contains(error.resultCode)
        {
            // A table or column is missing or holds a forbidden value, though the schema claims to be ours.
            throw ImpossibleContent(description: error.message ?? "\(error)")
        } catch let error as RowDecodingError {
            throw ImpossibleContent(description: "\(error)")
        }
    }

    /// Checks that a database is one of this exporter, complete, and of a known schema.
    static func check(_ db: Database, _ path: String) throws {
        try checkIntegrity(db)
        try checkKind(db, path)
    }

    private static func checkIntegrity(_ db: Database) throws {
        // Indices are checked too. It takes a few milliseconds, 30 with the maximum number of small checkpoints.
        if let finding = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)"), finding != "ok" {
            throw ImpossibleContent(description: oneLine(finding))
        }
    }

    private static func checkKind(_ db: Database, _ path: String) throws {
        // SQLite takes an empty file for a database; the exporter never makes one.
        guard try Int.fetchOne(db, sql: "PRAGMA page_count") != 0 else {
            throw ImpossibleContent(description: "an empty file")
        }
        guard try Int64.fetchOne(db, sql: "PRAGMA application_id") == Schema.applicationID else {
            throw StateStoreError(
                kind: .unusable, path: path,
                reason: "a database of another program; keep the state in another directory")
        }
        let unknown = try Schema.migrator.appliedIdentifiers(db).subtracting(Schema.migrator.migrations)
        guard unknown.isEmpty else {
            let version = try? String.fetchOne(db, sql: "SELECT version FROM state")
            throw StateStoreError(
                kind: .newer, path: path,
                reason: "made by version \(version ?? "unknown") of the exporter, which is newer than this one "
                    + "(schema \(unknown.sorted().joined(separator: ", "))); run that version, or keep the state in "
                    + "another directory")
        }
        let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
        guard mode == "wal" else {
            throw StateStoreError(kind: .other, path: path, reason: "SQLite cannot keep a write-ahead log there")
        }
    }

    /// SQLite's finding is a heading and a line, and may end with a line break.
    private static func oneLine(_ finding: String) -> String {
        finding.split(separator: "\n").filter { !$0.hasPrefix("***") }.joined(separator: "; ")
    }

    private static func translating<Result>(
        _ path: String, _ directory: StateDirectory, _ body: () throws -> Result
    ) throws(StateStoreError) -> Result {
        try translating(path, isWritable: { directory.isWritable }, body)
    }

    /// Gives errors of SQLite the kinds and words of the store.
    static func translating<Result>(
        _ path: String, isWritable: () -> Bool, _ body: () throws -> Result
    ) throws(StateStoreError) -> Result {
        do {
            return try body()
        } catch let error as StateStoreError {
            throw error
        } catch let error as ImpossibleContent {
            throw StateStoreError(kind: .damaged, path: path, reason: error.description)
        } catch let error as DatabaseError {
            throw .database(error, path, isWritable: isWritable)
        } catch {
            throw StateStoreError(kind: .other, path: path, reason: "\(error)")
        }
    }
}
