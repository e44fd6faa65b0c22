import GRDB

/// Stores counts and read positions on disk in one transaction, so that after a crash nothing is lost and nothing is
/// counted twice.
///
/// ```swift
/// let (store, stored) = try StateStore.open(directory: "/var/lib/kube-audit-exporter", version: "1.0", at: now)
/// try await store.commit(Checkpoint(detection: detector.takeChanges(), positions: read, reading: totals, time: now))
/// store.close()
/// ```
///
/// The directory holds `state.db`, SQLite's `state.db-wal` next to it, and `lock`, which keeps other exporters out.
public final class StateStore: Sendable {
    /// The damaged database that was moved aside; `nil` if there was none.
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

    /// Opens the state in a directory, or creates one. See `open(directory:version:at:restoring:)`.
    public static func open(
        directory path: String, version: String, at now: Double
    ) throws(StateStoreError) -> (store: StateStore, stored: StoredState) {
        let (store, stored, _) = try open(directory: path, version: version, at: now) { _ in }
        return (store, stored)
    }

    /// Opens the state in a directory, or creates one.
    ///
    /// A damaged database is moved aside and replaced by a new one; see `damaged`.
    ///
    /// - Parameters:
    ///   - path: The directory, which is created if it is missing; its parent is not.
    ///   - version: The version of the exporter. An older exporter that does not know the schema names it.
    ///   - now: Seconds since 1970.
    ///   - restore: Makes something of the content. It is called while the database is checked; if that is damaged, it is
    ///     called again with the content of the new one, and the first result is given up.
    /// - Returns: The store, its content, and the result of `restore`.
    /// - Throws: Why it cannot be opened: another exporter uses the directory, a newer schema, missing permissions, a
    ///   full disk.
    public static func open<Restored>(
        directory path: String, version: String, at now: Double, restoring restore: (StoredState) -> Restored
    ) throws(StateStoreError) -> (store: StateStore, stored: StoredState, restored: Restored) {
        let directory = try StateDirectory(path: path)
        var damaged: DamagedState?
        switch try directory.find() {
        case .nothing: break
        case .companionsOnly:
            damaged = DamagedState(
                path: try directory.moveAside(at: now), reason: "SQLite's log is there without a database")
        case .database:
            do throws(StateStoreError) {
                let (queue, stored, restored) = try StateDatabase.open(
                    in: directory, version: version, restoring: restore)
                return (StateStore(directory, queue, version: version, damaged: nil), stored, restored)
            } catch {
                guard error.kind == .damaged else { throw error }
                damaged = DamagedState(path: try directory.moveAside(at: now), reason: error.reason)
            }
        }
        try directory.createDatabase { path throws(StateStoreError) in
            try StateDatabase.create(at: path, version: version, in: directory)
        }
        let (queue, stored, restored) = try StateDatabase.open(in: directory, version: version, restoring: restore)
        return (StateStore(directory, queue, version: version, damaged: damaged), stored, restored)
    }

    /// Writes a checkpoint completely or, after an error, not at all. Once this returns, it survives a power failure.
    ///
    /// Cancellation of the task does not stop it.
    ///
    /// - Parameter checkpoint: The changes since the last checkpoint that was written. After an error, the next
    ///   checkpoint has to include these changes.
    /// - Throws: Why it could not be written.
    public func commit(_ checkpoint: Checkpoint) async throws(StateStoreError) {
        let result: Result<Void, StateStoreError> = await withCheckedContinuation { continuation in
            // Unlike GRDB's asynchronous write, this one ignores cancellation: a checkpoint during a stop must be
            // written. It does not retain the store, which would otherwise close the queue from within.
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

    /// Closes the database and unlocks the directory. Nothing can be committed afterwards.
    public func close() {
        // If closing fails, SQLite's log keeps the rest, and it is read from there the next time.
        try? queue.close()
        directory.release()
    }

    /// Direct access to the database, for tests.
    func withDatabase<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try queue.writeWithoutTransaction(body)
    }
}

/// A damaged database that was moved aside.
public struct DamagedState: Sendable, Hashable {
    /// Its new path; its `-wal`, if any, is next to it.
    public let path: String
    /// The reason why it is damaged.
    public let reason: String
}
