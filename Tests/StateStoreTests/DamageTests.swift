import AccessScanning
import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

// Serialized: each has files open, and another test counts the open files of the process.
@Suite("A database that", .serialized)
struct DamageTests {
    enum Damage: String, CaseIterable {
        case otherBytes, emptied, truncated, truncatedWithinPage, overwrittenPages, overwrittenSchema,
            logWithoutDatabase
        case otherIndex, shiftedEvents, impossibleAddress, shortBlock, noState, missingTable, impossibleNumber
    }

    /// Creates a state with content, and damages it.
    private static func damage(_ directory: URL, _ damage: Damage) async throws {
        let file = directory.appending(path: "state.db")
        let (store, _) = try StateStore.open(directory)
        try await store.commit(.of(counters: (0..<200).map { Samples.counter("10.0.0.\($0)") }))
        try await store.commit(.of(events: 0..<500))
        try await store.commit(.of(events: 500..<501))
        let log = try StateFiles(of: directory).log
        store.close()
        let database = try DatabaseQueue(path: file.path)
        let sql: String? =
            switch damage {
            case .otherIndex:
                """
                PRAGMA writable_schema = ON;
                UPDATE sqlite_schema SET rootpage =
                    (SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_network_1')
                    WHERE name = 'sqlite_autoindex_source_1'
                """
            case .shiftedEvents: "UPDATE observed SET first = 501 WHERE first = 500"
            case .impossibleAddress: "UPDATE source SET address = 'localhost' WHERE id = 7"
            case .shortBlock: "UPDATE observed SET events = x'00', count = 1 WHERE first = 500"
            case .noState: "DELETE FROM state"
            case .impossibleNumber:
                "DELETE FROM observed; UPDATE state SET observed_count = \(Int.max)"
            case .missingTable: "DROP TABLE position"
            default: nil
            }
        if let sql {
            try await database.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA ignore_check_constraints = 1; \(sql)")
            }
        }
        try database.close()
        var bytes = try Data(contentsOf: file)
        switch damage {
        case .otherBytes: bytes = Data(repeating: 0x78, count: 10_000)
        case .emptied: bytes = Data()
        case .truncated: bytes = bytes.prefix(bytes.count / 2 / 4096 * 4096)
        case .truncatedWithinPage: bytes = bytes.prefix(bytes.count - 5000)
        case .overwrittenPages: for index in 4096..<5 * 4096 { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
        case .overwrittenSchema: for index in 100..<1000 { bytes[index] = 0xff }
        default: break
        }
        if damage == .logWithoutDatabase {
            try FileManager.default.removeItem(at: file)
            try log.write(to: directory.appending(path: "state.db-wal"))
        } else {
            try bytes.write(to: file)
        }
    }

    @Test("is damaged is moved aside and reported, and replaced by a new one", arguments: Damage.allCases)
    func movedAside(damage: Damage) async throws {
        try await withTemporaryDirectory { directory in
            try await Self.damage(directory, damage)
            let (store, stored) = try StateStore.open(directory)
            let damaged = try #require(store.damaged)
            #expect(damaged.path == "\(directory.path)/state.db.damaged-20261123T231434Z")
            #expect(!damaged.reason.isEmpty)
            #expect(stored == StoredState(key: stored.detection.key))
            var files = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter {
                $0.hasPrefix("state.db.damaged")
            }
            files.sort()
            let expected =
                damage == .logWithoutDatabase
                ? "state.db.damaged-20261123T231434Z-wal" : "state.db.damaged-20261123T231434Z"
            #expect(files == [expected])
            try await store.commit(.of(time: 3))
            store.close()
            let (again, same) = try StateStore.open(directory)
            #expect(again.damaged == nil)
            #expect(same.lastCheckpoint == 3)
        }
    }

    @Test("is found damaged while its content is restored is replaced by a new one")
    func restoredInVain() async throws {
        try await withTemporaryDirectory { directory in
            // Only the check finds it.
            try await Self.damage(directory, .otherIndex)
            var restored: [Int] = []
            let opened = try StateStore.open(directory: directory.path, version: "1", at: 1_795_475_674) { stored in
                restored.append(stored.detection.analytics.values.reduce(0) { $0 + $1.counters.count })
                return restored.count
            }
            #expect(restored == [200, 0])
            #expect(opened.restored == 2)
            #expect(opened.store.damaged != nil)
            #expect(opened.stored.detection.analytics.isEmpty)
        }
    }

    @Test("is damaged again within a second does not overwrite the one before")
    func twice() throws {
        try withTemporaryDirectory { directory in
            var paths: [String] = []
            for number in 1...3 {
                try Data("no database \(number)".utf8).write(to: directory.appending(path: "state.db"))
                let (store, _) = try StateStore.open(directory)
                paths.append(try #require(store.damaged).path)
                store.close()
            }
            #expect(paths.map { $0.suffix(3) } == ["34Z", "Z-2", "Z-3"])
            for (number, path) in zip(1..., paths) {
                #expect(try String(contentsOfFile: path, encoding: .utf8) == "no database \(number)")
            }
        }
    }

    @Test("turns out to be damaged at a checkpoint reports that")
    func atCommit() async throws {
        try await withTemporaryDirectory { directory in
            let (first, _) = try StateStore.open(directory)
            try await first.commit(.of(counters: (0..<2000).map { Samples.counter("10.0.\($0 / 250).\($0 % 250)") }))
            first.close()
            let (store, _) = try StateStore.open(directory)
            #expect(store.damaged == nil)
            let file = directory.appending(path: "state.db")
            var bytes = try Data(contentsOf: file)
            for index in 4096..<bytes.count { bytes[index] = 0xff }
            let handle = try FileHandle(forWritingTo: file)
            try handle.write(contentsOf: bytes)
            try handle.close()
            try store.withDatabase { $0.releaseMemory() }
            let error = await #expect(throws: StateStoreError.self) {
                try await store.commit(
                    .of(counters: (0..<2000).map { Samples.counter("10.1.\($0 / 250).\($0 % 250)") }))
            }
            #expect(error?.kind == .damaged)
            #expect(
                "\(try #require(error))"
                    == "\(file.path): database disk image is malformed: it is damaged; restart the exporter, which "
                    + "moves it aside and starts with empty counters")
        }
    }

    @Test("a newer exporter created is not changed, and its version is reported")
    func newer() throws {
        try withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory: directory.path, version: "9.8.7", at: 0)
            try store.withDatabase { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
            store.close()
            let before = try StateFiles(of: directory)
            let error = #expect(throws: StateStoreError.self) { try StateStore.open(directory) }
            #expect(error?.kind == .newer)
            #expect(
                "\(try #require(error))"
                    == "\(directory.path)/state.db: made by version 9.8.7 of the exporter, which is newer than this "
                    + "one (schema 999); run that version, or keep the state in another directory")
            #expect(try StateFiles(of: directory) == before)
        }
    }

    @Test("another program created is not changed")
    func foreign() throws {
        try withTemporaryDirectory { directory in
            let other = try DatabaseQueue(path: directory.appending(path: "state.db").path)
            try other.write { try $0.execute(sql: "CREATE TABLE theirs (id)") }
            try other.close()
            let before = try StateFiles(of: directory)
            let error = #expect(throws: StateStoreError.self) { try StateStore.open(directory) }
            #expect(error?.kind == .unusable)
            #expect(
                "\(try #require(error))"
                    == "\(directory.path)/state.db: a database of another program; keep the state in another directory")
            #expect(try StateFiles(of: directory) == before)
        }
    }
}
