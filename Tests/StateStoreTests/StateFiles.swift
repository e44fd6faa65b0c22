import Foundation
@testable import StateStore

extension StateStore {
    /// Opens the state in a directory, at a given time.
    static func open(_ directory: URL) throws(StateStoreError) -> (store: StateStore, stored: StoredState) {
        try open(directory: directory.path, version: "1.2.3", at: 1_795_475_674)
    }
}

/// The files of a database at one moment: what remains if the process or the machine stops then.
struct StateFiles: Equatable {
    var database: Data
    /// SQLite's write-ahead log.
    var log: Data

    init(of directory: URL) throws {
        database = try Data(contentsOf: directory.appending(path: "state.db"))
        log = (try? Data(contentsOf: directory.appending(path: "state.db-wal"))) ?? Data()
    }

    func write(to directory: URL) throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try database.write(to: directory.appending(path: "state.db"))
        try log.write(to: directory.appending(path: "state.db-wal"))
    }
}
