import AccessScanning
import AuditSources
import Foundation
import GRDB
@testable import StateStore
import Synchronization
import Testing
import TestSupport

// Serialized: each has files open, and another test counts the open files of the process.
@Suite("A backup", .serialized)
struct BackupTests {
    private static let sources = 300

    /// What the writer and the copier know of each other.
    private final class Progress: Sendable {
        let written = Atomic(1)
        let isOver = Atomic(false)
    }

    /// The checkpoint after which each source has this number of requests. Its countries are long, so that SQLite's log
    /// is full after a few checkpoints.
    private static func checkpoint(_ number: Int) -> Checkpoint {
        let country = String(repeating: "\(number % 10)", count: 1500)
        let counters = (0..<sources).map { source in
            Samples.counter("10.0.\(source / 250).\(source % 250)", UInt64(number), country: country)
        }
        let reading = ReadingTotals(inputs: ["file": ReadingTotals.Input(lines: UInt64(number))])
        return .of(counters: counters, reading: reading, time: Double(number))
    }

    /// The checkpoint that a copy holds.
    private static func number(in directory: URL) throws -> Int {
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["state.db"])
        let (store, stored) = try StateStore.open(directory)
        defer { store.close() }
        #expect(store.damaged == nil)
        let number = try #require(stored.reading.inputs["file"]?.lines)
        #expect(stored.detection.forbidden.counters.count == sources)
        let others = stored.detection.forbidden.counters.filter {
            $0.requests != number || $0.location.country.first != "\(number % 10)".first
        }
        #expect(others.isEmpty, "\(others.count) counters are not of checkpoint \(number)")
        return Int(number)
    }

    @Test("of a state that is being written is one of its checkpoints")
    func live() async throws {
        try await withTemporaryDirectory { parent in
            let directory = parent.appending(path: "state")
            let (store, _) = try StateStore.open(directory)
            try await store.commit(Self.checkpoint(1))
            let progress = Progress()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    var number = 1
                    while !progress.isOver.load(ordering: .relaxed) {
                        number += 1
                        try await store.commit(Self.checkpoint(number))
                        progress.written.store(number, ordering: .relaxed)
                    }
                }
                group.addTask {
                    defer { progress.isOver.store(true, ordering: .relaxed) }
                    var seen: Set<Int> = []
                    for copy in 0..<40 {
                        let target = parent.appending(path: "copy-\(copy)")
                        let earliest = progress.written.load(ordering: .relaxed)
                        let summary = try StateBackup.copy(directory.path, to: target.path)
                        let number = try Self.number(in: target)
                        #expect(number >= earliest && summary.lastCheckpoint == Double(number))
                        #expect(summary.sources == Self.sources)
                        seen.insert(number)
                    }
                    #expect(seen.count > 10, "the state was written meanwhile")
                }
                try await group.waitForAll()
            }
            store.close()
        }
    }

    @Test("of a stopped or killed exporter has all that was written")
    func stopped() async throws {
        try await withTemporaryDirectory { parent in
            let directory = parent.appending(path: "state")
            let (store, _) = try StateStore.open(directory)
            for number in 1...3 { try await store.commit(Self.checkpoint(number)) }
            let files = try StateFiles(of: directory)
            #expect(!files.log.isEmpty)
            store.close()
            _ = try StateBackup.copy(directory.path, to: parent.appending(path: "stopped").path)
            #expect(try Self.number(in: parent.appending(path: "stopped")) == 3)
            try files.write(to: parent.appending(path: "killed"))
            _ = try StateBackup.copy(parent.appending(path: "killed").path, to: parent.appending(path: "copy").path)
            #expect(try Self.number(in: parent.appending(path: "copy")) == 3)
            #expect(try StateFiles(of: parent.appending(path: "killed")) == files, "the state itself is not changed")
        }
    }

    @Test("is not made over something, without a state, or of a damaged one, and leaves nothing then")
    func refused() async throws {
        try await withTemporaryDirectory { parent in
            let directory = parent.appending(path: "state")
            let (store, _) = try StateStore.open(directory)
            try await store.commit(Self.checkpoint(1))
            store.close()
            let target = parent.appending(path: "copy").path
            let failure = { (source: String, target: String) in
                #expect(throws: StateStoreError.self) { try StateBackup.copy(source, to: target) }?.description
            }
            #expect(
                failure(directory.path, directory.path)
                    == "\(directory.path): exists; give a directory that does not exist")
            #expect(
                failure(parent.path, target)
                    == "\(parent.path): no state there; give the directory of the exporter's --storage.path")
            let nowhere = failure(directory.path, parent.appending(path: "no/copy").path)
            #expect(nowhere?.contains("parent directory does not exist") == true, "\(nowhere ?? "")")
            let database = directory.appending(path: "state.db")
            var bytes = try Data(contentsOf: database)
            bytes.replaceSubrange(4096..<bytes.count, with: Data(count: bytes.count - 4096))
            try bytes.write(to: database)
            let damaged = failure(directory.path, target)
            #expect(damaged?.hasPrefix("\(database.path): ") == true, "\(damaged ?? "")")
            #expect(try FileManager.default.contentsOfDirectory(atPath: parent.path) == ["state"])
        }
    }

    @Test("of an earlier schema keeps that schema, and one of a newer exporter names its version")
    func versions() async throws {
        try withTemporaryDirectory { parent in
            let directory = parent.appending(path: "state")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            let path = directory.appending(path: "state.db").path
            let queue = try DatabaseQueue(path: path)
            try Schema.migrator.migrate(queue, upTo: "1")
            try queue.write { try Schema.insertState($0, version: "0.1.0") }
            let target = parent.appending(path: "old")
            #expect(try StateBackup.copy(directory.path, to: target.path).lastCheckpoint == nil)
            let copy = try DatabaseQueue(path: target.appending(path: "state.db").path)
            #expect(try copy.read(Schema.migrator.appliedIdentifiers) == ["1"])
            try copy.close()
            try queue.write { db in
                try db.execute(sql: "INSERT INTO grdb_migrations VALUES ('99'); UPDATE state SET version = '9.8.7'")
            }
            try queue.close()
            let error = #expect(throws: StateStoreError.self) {
                try StateBackup.copy(directory.path, to: parent.appending(path: "new").path)
            }
            #expect(error?.kind == .newer && error?.description.contains("9.8.7") == true)
        }
    }
}
