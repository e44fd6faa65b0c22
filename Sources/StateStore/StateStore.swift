import GRDB

/// Keeps on disk what was counted and how far was read, in one transaction each time, so that after a crash nothing
/// is lost and nothing counted twice.
///
/// ```swift
/// let (store, stored) = try StateStore.open(directory: "/var/lib/kube-audit-exporter", version: "1.0", at: now)
/// try await store.commit(Checkpoint(detection: detector.takeChanges(), positions: read, reading: totals, time: now))
/// store.close()
/// ```
///
/// The directory holds `state.db`, SQLite's `state.db-wal` beside it, and `lock`, which keeps other exporters out.
public final class StateStore: Sendable {
    /// Where a database was moved that was there and damaged; `nil` where none was.
    public let damaged: DamagedState?

    private let directory: StateDirectory
    private let queue: DatabaseQueue
    private let version: String

    private init(_ directory: StateDirectory, _ queue: DatabaseQueue, version: String, damaged: DamagedState?) {
        self.directory = directory
        self.queue = queue
        self.version = version
        self.damaged = damaged
    }

    deinit {
        close()
    }

    /// Opens the state in a directory, and begins one where there is none.
    ///
    /// A damaged database is moved aside, and another one begun; see `damaged`.
    ///
    /// - Parameters:
    ///   - path: The directory; it is created where it is missing, its parent is not.
    ///   - version: The exporter's, which an older one names that does not know the schema.
    ///   - now: Seconds since 1970.
    /// - Returns: The store, and what was kept in it.
    /// - Throws: What stands against it: another exporter that has the directory, a newer schema, missing permissions,
    ///   a full disk.
    public static func open(
        directory path: String, version: String, at now: Double
    ) throws(StateStoreError) -> (store: StateStore, stored: StoredState) {
        let directory = try StateDirectory(path: path)
        var damaged: DamagedState?
        switch try directory.find() {
        case .nothing: break
        case .remains:
            damaged = DamagedState(
                path: try directory.moveAside(at: now), reason: "there is SQLite's log, and no database")
        case .database:
            do throws(StateStoreError) {
                let (queue, stored) = try StateDatabase.open(in: directory, version: version)
                return (StateStore(directory, queue, version: version, damaged: nil), stored)
            } catch {
                guard error.kind == .damaged else { throw error }
                damaged = DamagedState(path: try directory.moveAside(at: now), reason: error.reason)
            }
        }
        try directory.createDatabase { path throws(StateStoreError) in
            try StateDatabase.create(at: path, version: version, in: directory)
        }
        let (queue, stored) = try StateDatabase.open(in: directory, version: version)
        return (StateStore(directory, queue, version: version, damaged: damaged), stored)
    }

    /// Writes a checkpoint, all of it or, where that fails, nothing. Once this returns, it outlives a power failure.
    ///
    /// That the task is cancelled does not stop it.
    ///
    /// - Parameter checkpoint: What changed since the last one that was written. After an error the next one has to
    ///   hold again what could not be written.
    /// - Throws: Why it could not be written.
    public func commit(_ checkpoint: Checkpoint) async throws(StateStoreError) {
        let result: Result<Void, StateStoreError> = await withCheckedContinuation { continuation in
            // Unlike GRDB's asynchronous write, this one does not heed cancellation: a checkpoint that is begun when
            // the exporter is stopped is to be written. It does not hold the store, which would else close the queue
            // from within.
            queue.asyncWriteWithoutTransaction { [directory, version] db in
                continuation.resume(returning: Self.write(checkpoint, db, version: version, in: directory))
            }
        }
        try result.get()
    }

    private static func write(
        _ checkpoint: Checkpoint, _ db: Database, version: String, in directory: StateDirectory
    ) -> Result<Void, StateStoreError> {
        do {
            try db.inTransaction(.immediate) {
                try checkpoint.write(db, version: version)
                return .commit
            }
            return .success(())
        } catch let error as DatabaseError {
            return .failure(
                StateStoreError.database(error, directory.database) { directory.isWritable }.withAdvice)
        } catch {
            return .failure(StateStoreError(kind: .other, path: directory.database, reason: "\(error)"))
        }
    }

    /// Closes the database, and lets another exporter have the directory. Nothing can be committed afterwards.
    public func close() {
        // What it could not write back into the database is in its log, and read from there the next time.
        try? queue.close()
        directory.release()
    }

    /// For tests: has the database itself, in its turn.
    func withDatabase<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.writeWithoutTransaction(body)
    }
}

/// A database that could not be read, and where it lies now.
public struct DamagedState: Sendable, Hashable {
    /// Where it was moved to; its `-wal` lies beside it, where there was one.
    public let path: String
    /// What is wrong with it, for people.
    public let reason: String
}
