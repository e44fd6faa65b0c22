import AccessScanning
import AuditSources
import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

@Suite("The state is bounded:")
struct BoundsTests {
    private static func count(_ table: String, _ store: StateStore) throws -> Int {
        try store.withDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    @Test("events are removed once they are no longer recognized")
    func observed() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            var read = 0
            for step in 1...100 {
                let count = step % 7 + 1
                let first = max(0, (read + count) / 20 - 1) * 20
                try await store.commit(.of(events: read..<read + count, recognisedFrom: first))
                read += count
                #expect(try Self.count("observed", store) <= 41)
                let loaded = try store.withDatabase { try StoredState($0) }
                #expect(loaded.detection.observed == (first..<read).map(Samples.observed))
            }
            // Many at once, of which only the last are recognized, as after a time without disk space.
            try await store.commit(.of(events: 1000..<1030, recognisedFrom: 1000))
            #expect(try Self.count("observed", store) == 1)
            try await store.commit(.of(events: 1030..<1030, recognisedFrom: 1030))
            #expect(try Self.count("observed", store) == 0)
            store.close()
            #expect(try StateStore.open(directory).stored.detection.totals.observedCount == 1030)
        }
    }

    @Test("the read positions that changed last are kept, up to their limit")
    func positions() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            let limit = KnownPositions.limit
            let positions = (1...UInt64(limit + 1000)).map { Samples.position("/log", inode: $0) }
            try await store.commit(.of(positions: Array(positions[..<1500])))
            // The first one changes again, and so outlives the later ones.
            try await store.commit(.of(positions: [Samples.position("/log", inode: 1, offset: 5)]))
            try await store.commit(.of(positions: Array(positions[1500...])))
            #expect(try Self.count("position", store) == limit)
            store.close()
            let stored = try StateStore.open(directory).stored
            #expect(
                stored.positions
                    == positions[1001..<1500] + [Samples.position("/log", inode: 1, offset: 5)] + positions[1500...])
        }
    }

    @Test("a file has one position, and an input without an inode has one per path and content")
    func positionKeys() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            try await store.commit(
                .of(positions: [
                    Samples.position("/log", inode: 1, offset: 1, content: "a"),
                    Samples.position("/log.2", inode: 0, offset: 6, content: "a"),
                    Samples.position("/log", inode: 0, offset: 3, content: "b"),
                    Samples.position("/log", inode: 2, offset: 4, content: "a"),
                ]))
            try await store.commit(
                .of(positions: [
                    Samples.position("/log.1", inode: 1, offset: 5, content: "c"),
                    Samples.position("/log.2", inode: 0, offset: 6, content: "a", isFinished: true),
                ]))
            store.close()
            let stored = try StateStore.open(directory).stored
            #expect(stored.positions.map(\.offset) == [3, 4, 5, 6])
            #expect(stored.positions.last?.isFinished == true)
        }
    }

    @Test("SQLite's write-ahead log is checkpointed and does not grow with every commit")
    func log() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            let log = directory.appending(path: "state.db-wal").path
            let size = { try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int ?? 0 }
            // Once the largest amount that is ever written at a time, then the amount of an ordinary day.
            try await store.commit(.of(events: 0..<262_144))
            var largest = 0
            for step in 0..<200 {
                let counters = (0..<500).map { Samples.counter("10.0.\(step % 50).\($0 % 256)", UInt64(step)) }
                var checkpoint = Checkpoint.of(events: 262_144..<262_144)
                checkpoint.detection.forbidden.counters = counters
                try await store.commit(checkpoint)
                if step > 100 { largest = max(largest, try size()) }
            }
            #expect(largest < 9 << 20, "\(largest) bytes")
        }
    }
}
