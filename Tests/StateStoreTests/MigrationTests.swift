import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

// One after the other: each has files open, and another test counts those of the process.
@Suite("A state of version 0.1.0", .serialized)
struct MigrationTests {
    /// Makes the database as that version did, with something in each table.
    private static func make(in directory: URL, _ change: String = "") throws {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: directory.appending(path: "state.db").path)
        try Schema.migrator.migrate(queue, upTo: "1")
        try queue.write { db in
            try Schema.insertState(db, version: "0.1.0")
            try db.execute(
                sql: """
                    UPDATE state SET key = x'01000000000000000200000000000000', retired_requests = 70,
                        retired_network_requests = 71, duplicate_events = 72, observed_count = 2, first_recognised = 0,
                        last_event_timestamp = 1000.5, last_checkpoint = 1001.5;
                    INSERT INTO source VALUES
                        (1, '192.0.2.1', 'verified', CAST('Japan' AS BLOB), CAST('Tokyo' AS BLOB), 10, 20, 3,
                            x'140000000a000000', CAST('a' AS BLOB), 9.5),
                        (2, 'other', 'verified', x'', x'', 11, 21, -1, x'', x'', NULL),
                        (3, '192.0.2.1', 'claimed', x'', x'', 12, 22, 5, x'', x'', NULL);
                    INSERT INTO network VALUES (1, '192.0.2.0/24', 13, 23, 6, x'17000000'), (2, 'other', 14, 24, 7, x'');
                    INSERT INTO displaced VALUES ('verified', 1, 8), ('network', 0, 9);
                    INSERT INTO displaced_page VALUES
                        ('verified', 0, x'01000000000000000a0000000100ffffffffffff0200000000000000140000000200ffffffffffff');
                    INSERT INTO filtered VALUES (CAST('probes' AS BLOB), 4);
                    INSERT INTO observed VALUES (0, 2, zeroblob(96));
                    INSERT INTO position VALUES (1, CAST('/log' AS BLOB), 1, 2, 3, 0, zeroblob(16), 0, 5, 0);
                    INSERT INTO input VALUES (CAST('file' AS BLOB), 1, 2, 3, 4);
                    \(change)
                    """)
        }
        try queue.close()
    }

    @Test("keeps all counts, under the analytic forbidden")
    func upgrade() async throws {
        try withTemporaryDirectory { directory in
            try Self.make(in: directory)
            var expected = AnalyticState()
            let address = SourceAddress.address(try #require(IPAddress("192.0.2.1")))
            expected.counters = [
                SourceCounter(
                    SourceSubject(Source(address, .verified)), location: Location(country: "Japan", city: "Tokyo"),
                    firstSeen: 10, lastSeen: 20, requests: 3, recent: RecentRequests(times: [20, 10]),
                    lastRequest: RequestReference(auditID: "a", received: 9.5)),
                SourceCounter(
                    SourceSubject(Source(.other, .verified)), location: .unknown, firstSeen: 11, lastSeen: 21,
                    requests: .max),
                SourceCounter(
                    SourceSubject(Source(address, .claimed)), location: .unknown, firstSeen: 12, lastSeen: 22,
                    requests: 5),
            ]
            expected.retiredRequests = 70
            expected.networks = [
                NetworkCounter(
                    network: .network(try #require(Network("192.0.2.0/24"))), firstSeen: 13, lastSeen: 23, requests: 6,
                    recent: RecentRequests(times: [23])),
                NetworkCounter(network: .other, firstSeen: 14, lastSeen: 24, requests: 7),
            ]
            expected.retiredNetworkRequests = 71
            expected.displacedSources[.verified] = DisplacedState(
                entries: [
                    DisplacedCounter(fingerprint: 1, newest: 10, ages: SIMD4(1, .max, .max, .max)),
                    DisplacedCounter(fingerprint: 2, newest: 20, ages: SIMD4(2, .max, .max, .max)),
                ], next: 1, untrackedRequests: 8)
            expected.displacedNetworks = DisplacedState(untrackedRequests: 9)

            for _ in 0..<2 {
                let (store, stored) = try StateStore.open(directory)
                #expect(store.damaged == nil)
                #expect(stored.detection.key == SipHash128.Key(first: 1, second: 2))
                #expect(stored.detection.analytics == ["forbidden": expected])
                #expect(stored.detection.profiles.map(\.source) == expected.counters.map(\.source))
                #expect(stored.detection.profiles.map(\.location.city) == ["Tokyo", "", ""])
                #expect(stored.detection.profiles.map(\.lastRequests.count) == [1, 0, 0])
                #expect(stored.detection.filteredRequests == ["probes": 4])
                #expect(stored.detection.observed.count == 2)
                #expect(stored.detection.totals.duplicateEvents == 72 && stored.detection.totals.observedCount == 2)
                #expect(stored.positions.map(\.path) == ["/log"])
                #expect(stored.reading.inputs == ["file": .init(lines: 1, bytes: 2, malformed: 3, oversized: 4)])
                #expect(stored.reading.lastEventTimestamp == 1000.5 && stored.lastCheckpoint == 1001.5)
                // An exporter of that version is told which one it needs.
                #expect(try store.withDatabase { try String.fetchOne($0, sql: "SELECT version FROM state") } == "1.2.3")
                store.close()
            }
        }
    }

    @Test("can be written after the upgrade")
    func continues() async throws {
        try await withTemporaryDirectory { directory in
            try Self.make(in: directory)
            let (store, stored) = try StateStore.open(directory)
            var kept = Kept(stored)
            var detector = AccessScanningDetector([.forbidden], restoring: stored.detection, at: 30)
            detector.observe(AuditEvent(auditID: "new", sourceIPs: ["192.0.2.1"]), of: 0, at: 30)
            detector.retireSilentSources(at: 1e6)
            let checkpoint = Checkpoint(
                detection: detector.takeChanges(), positions: [], reading: ReadingTotals(), time: 31)
            #expect(checkpoint.detection.forbidden.removedSources.count == 3)
            try await store.commit(checkpoint)
            kept.write(checkpoint)
            store.close()
            #expect(Kept(try StateStore.open(directory).stored) == kept)
        }
    }

    @Test(
        "that is damaged is moved aside",
        arguments: [
            "DELETE FROM state", "DROP TABLE displaced", "ALTER TABLE source DROP COLUMN city",
            "ALTER TABLE state DROP COLUMN retired_requests", "CREATE TABLE analytic (name TEXT)",
        ])
    func damaged(change: String) throws {
        try withTemporaryDirectory { directory in
            try Self.make(in: directory, change)
            let (store, stored) = try StateStore.open(directory)
            #expect(store.damaged?.reason.isEmpty == false)
            #expect(stored == StoredState(key: stored.detection.key))
        }
    }
}
