import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

// One after the other: each has files open, and another test counts those of the process.
@Suite("The evidence in the state", .serialized)
struct StoredEvidenceTests {
    private static func event(_ number: Int, from address: String = "192.0.2.1") -> AuditEvent {
        AuditEvent(
            auditID: "\(number)", requestURI: "/path/\(number)?\(number)", verb: "get", username: "system:anonymous",
            groups: ["system:unauthenticated"], sourceIPs: [address], userAgent: "agent \0 \(number)",
            responseCode: 403, responseMessage: String(repeating: "😀", count: 100), resource: "pods/exec",
            requestReceivedTimestamp: "2026-11-23T23:10:06.716266Z", stageTimestamp: "\(number)")
    }

    /// A store with counters of two sources, whose columns are full.
    private static func fill(
        _ directory: URL
    ) async throws -> (store: StateStore, detector: AccessScanningDetector) {
        let (store, stored) = try StateStore.open(directory)
        var detector = AccessScanningDetector([.forbidden], restoring: stored.detection, at: 0)
        for number in 0..<60 {
            detector.observe(
                event(number, from: "192.0.2.\(number % 2 + 1)"), of: 0, at: 1_795_475_406 + Double(number))
        }
        try await commit(&detector, to: store)
        return (store, detector)
    }

    private static func commit(_ detector: inout AccessScanningDetector, to store: StateStore) async throws {
        try await store.commit(
            Checkpoint(detection: detector.takeChanges(), positions: [], reading: ReadingTotals(), time: 1))
    }

    private static func counters(_ detector: AccessScanningDetector) -> [SourceCounter] {
        Array(detector.ledgers[0].counts.sources.counters)
    }

    private static func profiles(_ detector: AccessScanningDetector) -> [SourceProfile] {
        Array(detector.profiles.profiles)
    }

    private static func expectSame(
        _ directory: URL, _ detector: AccessScanningDetector, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let stored = try StateStore.open(directory).stored.detection
        #expect(stored.forbidden.counters == counters(detector), sourceLocation: sourceLocation)
        #expect(stored.profiles == profiles(detector), sourceLocation: sourceLocation)
    }

    @Test("survives a restart, with the last requests, the paths and the left-out numbers")
    func roundTrip() async throws {
        try await withTemporaryDirectory { directory in
            let (store, detector) = try await Self.fill(directory)
            store.close()
            let profiles = Self.profiles(detector)
            #expect(profiles.map { $0.evidence.values(.requestURI).count } == [20, 20])
            #expect(profiles.map { $0.evidence.leftOut(.userAgent) } == [10, 10])
            #expect(profiles.map { $0.paths.count(at: 1_795_475_406) } == [30, 30])
            #expect(profiles.map(\.lastRequests.count) == [5, 5])
            try Self.expectSame(directory, detector)
        }
    }

    @Test("is written only when it has a new value, and the first values only when they change")
    func rarelyWritten() async throws {
        try await withTemporaryDirectory { directory in
            var (store, detector) = try await Self.fill(directory)
            let tables = ["first_evidence", "newest_evidence"]
            try store.withDatabase { db in
                for (table, event) in tables.flatMap({ table in ["INSERT", "UPDATE"].map { (table, $0) } }) {
                    try db.execute(
                        sql: """
                            CREATE TEMP TRIGGER no_\(table)_\(event) AFTER \(event) ON main.\(table)
                            BEGIN SELECT RAISE(ABORT, 'written'); END
                            """)
                }
            }
            let allow = { (table: String) in
                try store.withDatabase {
                    try $0.execute(sql: "DROP TRIGGER no_\(table)_INSERT; DROP TRIGGER no_\(table)_UPDATE")
                }
            }
            var again = Self.event(59, from: "192.0.2.2")
            again.auditID = "again"
            detector.observe(again, of: 0, at: 1_795_475_500)
            try await Self.commit(&detector, to: store)
            try allow("newest_evidence")
            detector.observe(Self.event(100), of: 0, at: 1_795_475_500)
            try await Self.commit(&detector, to: store)
            var other = Self.event(101)
            other.verb = "list"
            detector.observe(other, of: 0, at: 1_795_475_500)
            let changes = detector.takeChanges()
            await #expect(throws: StateStoreError.self) {
                try await store.commit(
                    Checkpoint(detection: changes, positions: [], reading: ReadingTotals(), time: 1))
            }
            detector.putBack(changes)
            try allow("first_evidence")
            try await Self.commit(&detector, to: store)
            store.close()
            let stored = try StateStore.open(directory).stored.detection
            #expect(Set(stored.profiles) == Set(Self.profiles(detector)))
            #expect(stored.forbidden.counters == Self.counters(detector))
        }
    }

    @Test("is removed with its source, which begins with none when it is back")
    func removed() async throws {
        try await withTemporaryDirectory { directory in
            var (store, detector) = try await Self.fill(directory)
            detector.retireSilentSources(at: 1_795_475_406 + 1e6)
            detector.observe(Self.event(200), of: 0, at: 1_795_475_406 + 1e6)
            try await Self.commit(&detector, to: store)
            #expect(try store.withDatabase { try Int.fetchOne($0, sql: "SELECT count(*) FROM first_evidence") } == 1)
            store.close()
            let profiles = try StateStore.open(directory).stored.detection.profiles
            #expect(profiles == Self.profiles(detector))
            #expect(profiles.map { $0.evidence.values(.requestURI) } == [["/path/200?200"]])
            #expect(profiles.map(\.lastRequests.count) == [1])
        }
    }

    @Test(
        "that is damaged costs nothing else",
        arguments: [
            "first_evidence SET texts = x'00'", "first_evidence SET texts = zeroblob(3000)",
            "first_evidence SET texts = randomblob(3000)", "first_evidence SET texts = substr(texts, 1, 100)",
            "first_evidence SET texts = CAST(texts || x'00' AS BLOB)",
            "first_evidence SET texts = CAST(replace(hex(texts), '70617468', 'ff617468') AS BLOB)",
            "first_evidence SET texts = CAST(substr(texts, 1, 90) || x'ff' || substr(texts, 92) AS BLOB)",
            "newest_evidence SET texts = x'00'", "newest_evidence SET texts = zeroblob(3000)",
            "newest_evidence SET texts = randomblob(3000)", "newest_evidence SET texts = substr(texts, 1, 100)",
            "newest_evidence SET texts = CAST(texts || x'00' AS BLOB)",
            "newest_evidence SET texts = CAST(replace(hex(texts), '70617468', 'ff617468') AS BLOB)",
            "newest_evidence SET texts = CAST(substr(texts, 1, 90) || x'ff' || substr(texts, 92) AS BLOB)",
            "profile SET earlier_requests = randomblob(70)", "profile SET earlier_requests = x'0000'",
            "profile SET paths = randomblob(2000)", "profile SET left_out = x'01'",
            "profile SET left_out = randomblob(80)",
        ])
    func damaged(change: String) async throws {
        try await withTemporaryDirectory { directory in
            let (store, detector) = try await Self.fill(directory)
            try store.withDatabase { try $0.execute(sql: "UPDATE \(change)") }
            store.close()
            let (again, stored) = try StateStore.open(directory)
            #expect(again.damaged == nil)
            let counters = stored.detection.forbidden.counters
            let before = Self.counters(detector)
            #expect(
                counters.map(\.source) == before.map(\.source) && counters.map(\.requests) == before.map(\.requests))
            #expect(Set(stored.detection.profiles.map(\.source)) == Set(before.map(\.source)))
            for profile in stored.detection.profiles {
                #expect(profile.lastRequests.count <= 5 && profile.paths.entries.count <= RecentPaths.limit)
                let values = Evidence.Column.allCases.map { profile.evidence.values($0) }
                #expect(values.allSatisfy { $0.count <= 20 && $0.allSatisfy { $0.utf8.count <= 256 } })
                #expect(!values.joined().contains { $0.unicodeScalars.contains("\u{fffd}") })
                if change.hasPrefix("first_evidence") { #expect(profile.evidence.firstTexts.isEmpty) }
                if change.hasPrefix("newest_evidence") { #expect(profile.evidence.newestTexts.isEmpty) }
            }
            // It is collected again.
            var going = AccessScanningDetector([.forbidden], restoring: stored.detection, at: 1_795_475_600)
            going.observe(Self.event(300), of: 0, at: 1_795_475_600)
            try await Self.commit(&going, to: again)
            again.close()
            try Self.expectSame(directory, going)
        }
    }

    @Test("is empty in a state of schema 4, whose counters go on")
    func migrated() async throws {
        try await withTemporaryDirectory { directory in
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            let queue = try DatabaseQueue(path: directory.appending(path: "state.db").path)
            try Schema.migrator.migrate(queue, upTo: "4")
            try await queue.write { db in
                try Schema.insertState(db, version: "0.2.0")
                try db.execute(
                    sql: """
                        INSERT INTO source VALUES (1, 'forbidden', '192.0.2.1', 'verified', x'', x'', 10, 20, 3,
                            x'140000000a000000', CAST('a' AS BLOB), 9.5)
                        """)
            }
            try queue.close()
            let (store, stored) = try StateStore.open(directory)
            let counter = try #require(stored.detection.forbidden.counters.first)
            let profile = try #require(stored.detection.profiles.first)
            #expect(profile.evidence == Evidence() && profile.paths == RecentPaths() && counter.requests == 3)
            #expect(profile.lastRequests == [RequestReference(auditID: "a", received: 9.5)])
            #expect(counter.lastRequest == RequestReference(auditID: "a", received: 9.5))
            var detector = AccessScanningDetector([.forbidden], restoring: stored.detection, at: 30)
            detector.observe(Self.event(1), of: 0, at: 30)
            try await Self.commit(&detector, to: store)
            store.close()
            try Self.expectSame(directory, detector)
        }
    }
}
