import AccessScanning
import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

@Suite("A checkpoint that cannot be written")
struct CommitErrorTests {
    @Test("due to missing space reports that, keeps the old state, and can be written once there is space")
    func full() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            let first = Checkpoint.of(counters: [Samples.counter("192.0.2.1", 7)], time: 1)
            try await store.commit(first)
            let before = try store.withDatabase { try StoredState($0) }
            try store.withDatabase { db in
                let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                try db.execute(sql: "PRAGMA max_page_count = \(pages + 2)")
            }
            var large = Checkpoint.of(
                counters: (0..<1000).map { Samples.counter("10.0.\($0 / 256).\($0 % 256)") }
                    + [Samples.counter("192.0.2.1", 8)],
                retired: [], time: 2)
            for _ in 0..<3 {
                let error = await #expect(throws: StateStoreError.self) { try await store.commit(large) }
                #expect(error?.kind == .full)
                #expect(
                    "\(try #require(error))"
                        == "\(directory.path)/state.db: database or disk is full; free some space")
                #expect(try store.withDatabase { try StoredState($0) } == before)
            }
            // A small one still fits.
            try await store.commit(.of(counters: [Samples.counter("192.0.2.1", 9)], time: 3))
            try store.withDatabase { try $0.execute(sql: "PRAGMA max_page_count = 4294967294") }
            large.detection.forbidden.counters[1000] = Samples.counter("192.0.2.1", 10)
            try await store.commit(large)
            store.close()
            var kept = Kept(before)
            kept.write(large)
            #expect(Kept(try StateStore.open(directory).stored) == kept)
        }
    }

    @Test("because its events do not follow the previous ones is rejected: repeated or skipped checkpoints")
    func misplaced() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            try await store.commit(.of(events: 0..<10))
            for checkpoint in [Checkpoint.of(events: 0..<10), .of(events: 11..<12), .of()] {
                let error = await #expect(throws: StateStoreError.self) { try await store.commit(checkpoint) }
                #expect(error?.kind == .other)
            }
            try await store.commit(.of(events: 10..<12))
            store.close()
            #expect(try StateStore.open(directory).stored.detection.observed == (0..<12).map(Samples.observed))
        }
    }

    @Test("after the store was closed reports SQLite's error")
    func closed() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            store.close()
            store.close()
            let error = await #expect(throws: StateStoreError.self) { try await store.commit(.of()) }
            #expect(error?.kind == .other)
        }
    }

    @Test("because the database became read-only reports that")
    func readOnly() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            try store.withDatabase { try $0.execute(sql: "PRAGMA query_only = 1") }
            let error = await #expect(throws: StateStoreError.self) { try await store.commit(.of(time: 1)) }
            #expect(error?.kind == .readOnly)
            try store.withDatabase { try $0.execute(sql: "PRAGMA query_only = 0") }
            try await store.commit(.of(time: 2))
        }
    }
}
