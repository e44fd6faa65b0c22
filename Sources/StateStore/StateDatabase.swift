import GRDB

/// Makes and opens the database.
enum StateDatabase {
    /// Makes a new one.
    ///
    /// - Parameters:
    ///   - path: An empty file, which gets the database's own name once all is in it.
    ///   - version: The exporter's.
    static func create(at path: String, version: String, in directory: StateDirectory) throws(StateStoreError) {
        try translating(path, directory) {
            var configuration = Configuration()
            // What is left of an attempt is thrown away.
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = MEMORY") }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            try Schema.migrator.migrate(queue)
            try queue.write { try Schema.insertState($0, version: version) }
        }
    }

    /// Opens the one that is there, and reads what is in it.
    ///
    /// A queue and not a pool of connections: nothing is read after this, and a reader could hold up checkpoints, so
    /// that the log of SQLite would grow.
    ///
    /// - Parameter version: The exporter's, which is written where the schema has to be changed.
    static func open(in directory: StateDirectory, version: String) throws(StateStoreError) -> (
        queue: DatabaseQueue, stored: StoredState
    ) {
        let path = directory.database
        return try translating(path, directory) {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            do {
                try queue.writeWithoutTransaction { try check($0, path) }
                return try findingDamage {
                    if try !queue.read(Schema.migrator.hasCompletedMigrations) {
                        try Schema.migrator.migrate(queue)
                        try queue.write { try $0.execute(sql: "UPDATE state SET version = ?", arguments: [version]) }
                    }
                    return (queue, try queue.writeWithoutTransaction { try StoredState($0) })
                }
            } catch {
                try? queue.close()
                throw error
            }
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { db in
            // No other program reads or writes it meanwhile, and SQLite needs no memory shared through a file, which
            // not every file system has.
            try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            // What was committed outlives a power failure: it may have been shown already.
            try db.execute(sql: "PRAGMA synchronous = FULL")
            // SQLite's log is written back past 4 MiB; one large checkpoint does not leave it large.
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 1000")
            try db.execute(sql: "PRAGMA journal_size_limit = 8388608")
        }
        return configuration
    }

    private static func findingDamage<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError
            where [.SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH].contains(error.resultCode)
        {
            // A table or column is missing, or holds what it cannot, though the schema is said to be ours.
            throw ImpossibleContent(description: error.message ?? "\(error)")
        } catch let error as RowDecodingError {
            throw ImpossibleContent(description: "\(error)")
        }
    }

    private static func check(_ db: Database, _ path: String) throws {
        // Indices too: it takes a few milliseconds, 30 with as many small checkpoints as are ever kept.
        if let finding = try String.fetchOne(db, sql: "PRAGMA integrity_check(1)"), finding != "ok" {
            throw ImpossibleContent(description: finding)
        }
        // To SQLite, an empty file is a database. We make none such.
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

    private static func translating<Result>(
        _ path: String, _ directory: StateDirectory, _ body: () throws -> Result
    ) throws(StateStoreError) -> Result {
        do {
            return try body()
        } catch let error as StateStoreError {
            throw error
        } catch let error as ImpossibleContent {
            throw StateStoreError(kind: .damaged, path: path, reason: error.description)
        } catch let error as DatabaseError {
            throw .database(error, path) { directory.isWritable }
        } catch {
            throw StateStoreError(kind: .other, path: path, reason: "\(error)")
        }
    }
}
