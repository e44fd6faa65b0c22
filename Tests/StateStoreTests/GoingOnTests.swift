import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

@Suite("An exporter that continues from its state")
struct GoingOnTests {
    private static let limits = SourceLimits(verified: 3, claimed: 2, retention: 40)
    private static let horizon = 50
    private static let filter = RequestFilter(entries: [
        FilterEntry(name: "some", networks: [Network("192.0.2.0/30")].compactMap(\.self))
    ])

    /// The counting and reading of an exporter, as far as the state is concerned.
    private struct Counting {
        var detector: AccessScanningDetector
        var reading = ReadingTotals()
        var pending: [FilePosition] = []

        init(_ stored: StoredState, at time: Double = 0) {
            detector = AccessScanningDetector(
                [.forbidden], limits: limits, filter: filter, horizon: horizon, restoring: stored.detection, at: time)
            reading = stored.reading
        }

        mutating func read(_ random: inout SeededGenerator, at time: Double) {
            let event = AuditEvent(
                auditID: "\(Int.random(in: 0..<200, using: &random))", stage: "ResponseComplete",
                requestURI: "/\(Int.random(in: 0..<100, using: &random))",
                sourceIPs: (0..<Int.random(in: 0...2, using: &random)).map { _ in
                    "192.0.2.\(Int.random(in: 0..<8, using: &random))"
                }, stageTimestamp: "\(Int.random(in: 0..<2, using: &random))")
            detector.observe(event, of: 0, at: time)
            reading.inputs["file", default: ReadingTotals.Input()].lines += 1
            reading.lastEventTimestamp = time
            pending.append(
                Samples.position(
                    "/log", inode: UInt64.random(in: 0..<5, using: &random), offset: Int(time),
                    content: "\(Int.random(in: 0..<4, using: &random))"))
        }

        mutating func take(at time: Double) -> Checkpoint {
            defer { pending = [] }
            return Checkpoint(detection: detector.takeChanges(), positions: pending, reading: reading, time: time)
        }

        mutating func putBack(_ checkpoint: Checkpoint) {
            detector.putBack(checkpoint.detection)
            pending = checkpoint.positions + pending
        }

        var counts: [Source: UInt64] {
            Dictionary(
                uniqueKeysWithValues: detector.ledgers[0].sources.counts.counters.map { ($0.source, $0.requests) })
        }
    }

    /// Lets the next checkpoints fail at some point.
    private static func breakCommits(_ store: StateStore, _ random: inout SeededGenerator) throws {
        let full = Bool.random(using: &random)
        let table =
            [
                "source", "network", "displaced", "displaced_page", "filtered", "observed", "position", "state",
                "first_evidence", "newest_evidence", "profile",
            ]
            .randomElement(using: &random) ?? "state"
        try store.withDatabase { db in
            if full {
                let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
                try db.execute(sql: "PRAGMA max_page_count = \(pages)")
            } else {
                for event in ["INSERT", "UPDATE"] {
                    try db.execute(
                        sql: """
                            CREATE TEMP TRIGGER broken_\(event) AFTER \(event) ON main.\(table)
                            BEGIN SELECT RAISE(ABORT, 'broken'); END
                            """)
                }
            }
        }
    }

    private static func mendCommits(_ store: StateStore) throws {
        try store.withDatabase { db in
            try db.execute(sql: "PRAGMA max_page_count = 4294967294")
            for event in ["INSERT", "UPDATE"] { try db.execute(sql: "DROP TRIGGER IF EXISTS temp.broken_\(event)") }
        }
    }

    @Test("counts like one that never stopped and continues at its position, whenever it crashes or cannot write")
    func goesOn() async throws {
        try await withTemporaryDirectory { directory in
            var random = SeededGenerator(seed: 22)
            var never = Counting(StoredState(key: SipHash128.Key(first: 1, second: 2)))
            var current = directory.appending(path: "first")
            var (store, stored) = try StateStore.open(current)
            let key = stored.detection.key
            never.detector = Counting(stored).detector
            var counting = Counting(stored)
            var kept = Kept(stored)
            var failures = 0
            for step in 0..<2000 {
                let time = Double(step) + 0.1
                var same = random
                counting.read(&random, at: time)
                never.read(&same, at: time)
                switch Int.random(in: 0..<30, using: &random) {
                case 0...3:
                    let checkpoint = counting.take(at: time)
                    try await store.commit(checkpoint)
                    kept.write(checkpoint)
                case 4...6:
                    try Self.breakCommits(store, &random)
                    let checkpoint = counting.take(at: time)
                    do {
                        try await store.commit(checkpoint)
                        kept.write(checkpoint)
                    } catch {
                        counting.putBack(checkpoint)
                        failures += 1
                    }
                    try Self.mendCommits(store)
                case 7:
                    counting.detector.retireSilentSources(at: time)
                    never.detector.retireSilentSources(at: time)
                case 8...9:
                    let checkpoint = counting.take(at: time)
                    try await store.commit(checkpoint)
                    kept.write(checkpoint)
                    let copy = directory.appending(path: "\(step)")
                    if Bool.random(using: &random) {
                        try StateFiles(of: current).write(to: copy)
                    } else {
                        store.close()
                        try FileManager.default.moveItem(at: current, to: copy)
                    }
                    current = copy
                    (store, stored) = try StateStore.open(copy)
                    #expect(store.damaged == nil)
                    #expect(stored.detection.key == key)
                    #expect(Kept(stored) == kept, "step \(step)")
                    counting = Counting(stored, at: time)
                default: break
                }
                #expect(counting.counts == never.counts, "step \(step)")
                #expect(counting.detector.filteredRequests == never.detector.filteredRequests, "step \(step)")
            }
            #expect(failures > 20)
            #expect(never.detector.filteredRequests["some"] ?? 0 > 0)
            #expect(never.detector.ledgers[0].sources.counts.retiredRequests > 0)
        }
    }

    @Test("finds all of a checkpoint or nothing of it, wherever its writing stopped")
    func tornCheckpoint() async throws {
        try await withTemporaryDirectory { directory in
            var random = SeededGenerator(seed: 23)
            let live = directory.appending(path: "live")
            let (store, stored) = try StateStore.open(live)
            var counting = Counting(stored)
            var kept = Kept(stored)
            var outcomes: [Bool: Int] = [:]
            for step in 0..<60 {
                // Now and then SQLite checkpoints its write-ahead log, and overwrites it from the beginning.
                if step % 7 == 6 { try store.withDatabase { _ = try $0.checkpoint(.passive) } }
                let before = (files: try StateFiles(of: live), kept: kept)
                for number in 0..<20 { counting.read(&random, at: Double(step) + Double(number) / 100) }
                let checkpoint = counting.take(at: Double(step))
                try await store.commit(checkpoint)
                kept.write(checkpoint)
                let after = try StateFiles(of: live)
                #expect(after.database == before.files.database, "the database itself must not change at a commit")
                for attempt in 0..<3 {
                    let written = attempt == 0 ? after.log.count : Int.random(in: 0...after.log.count, using: &random)
                    var torn = after
                    torn.log = after.log.prefix(written) + before.files.log.dropFirst(written)
                    let copy = directory.appending(path: "\(step)-\(attempt)")
                    try torn.write(to: copy)
                    let (reopened, found) = try StateStore.open(copy)
                    #expect(reopened.damaged == nil)
                    let isWhole = Kept(found) == kept
                    #expect(isWhole || Kept(found) == before.kept, "step \(step), \(written) bytes of the log")
                    #expect(isWhole || attempt > 0)
                    outcomes[isWhole, default: 0] += 1
                    reopened.close()
                }
            }
            #expect(outcomes.count == 2, "\(outcomes)")
        }
    }
}
