import AccessScanning
import AuditEvents
import AuditSources
import Dispatch
import GRDB
import StateStore

/// A small valid database of the exporter.
struct StateTemplate: Sendable {
    static let shared = Result { try StateTemplate() }

    /// The columns that an input changes.
    struct Column: Sendable {
        var table: String
        var name: String
    }

    /// The file.
    let bytes: [UInt8]
    /// The same without the constraints of its schema: any value can be in any column.
    let lax: [UInt8]
    let columns: [Column]

    init() throws {
        (bytes, lax, columns) = try ScratchDirectory.with { directory in
            let (store, _) = try StateStore.open(directory: directory, version: "1.0", at: 0)
            try Self.commit(Self.checkpoint, to: store)
            store.close()
            let path = "\(directory)/state.db"
            guard let bytes = try ScratchFile.content(of: path) else { throw SystemFailure("open \(path)") }
            return (bytes, try Self.relax(path), try Self.columns(path))
        }
    }

    private static func commit(_ checkpoint: Checkpoint, to store: StateStore) throws {
        let done = DispatchSemaphore(value: 0)
        // The semaphore orders the single write before the single read.
        nonisolated(unsafe) var failure: StateStoreError?
        Task.detached {
            do throws(StateStoreError) { try await store.commit(checkpoint) } catch { failure = error }
            done.signal()
        }
        done.wait()
        if let failure { throw failure }
    }

    private static var checkpoint: Checkpoint {
        var evidence = Evidence()
        for number in 0..<21 {
            evidence.note(AuditEvent(requestURI: "/\(number)", verb: "get", groups: ["a"], userAgent: "b"), .forbidden)
        }
        let counters = ["192.0.2.1", "2001:db8::1"].map { address in
            SourceCounter(
                SourceSubject(Source(IPAddress(address).map { .address($0) } ?? .invalid, .verified)),
                location: Location(country: "A", city: "B"), firstSeen: 1, lastSeen: 2, requests: 3,
                lastRequest: RequestReference(auditID: "b", received: 1))
        }
        var changes = DetectionChanges()
        var analytic = AnalyticChanges(name: "forbidden")
        analytic.counters = counters
        analytic.displacedSources[.verified] = DisplacedChanges(
            pages: [0: [DisplacedCounter(fingerprint: 1, newest: 2, ages: SIMD4(1, 0, .max, .max))]], pageCount: 1,
            next: 1, untrackedRequests: 1)
        analytic.networks = [
            NetworkCounter(
                network: .invalid, firstSeen: 1, lastSeen: 2, requests: 3, recent: RecentRequests(times: [2]))
        ]
        changes.analytics = [analytic]
        changes.profiles.profiles = counters.map { counter in
            SourceProfile(
                source: counter.source, location: counter.location, lastSeen: 2, evidence: evidence,
                paths: RecentPaths(entries: [1, .max]),
                lastRequests: ["a", "b"].map { RequestReference(auditID: $0, received: 1) })
        }
        changes.profiles.changedEvidence = Dictionary(
            uniqueKeysWithValues: counters.map { ($0.source, [.first, .newest]) })
        changes.filteredRequests = ["probes": 4]
        changes.observed = (0..<3).map { number in
            ObservedEvent(
                request: RequestIdentity(digest: SipHash128.Digest(first: number, second: 1)),
                event: EventIdentity(digest: SipHash128.Digest(first: number, second: 2)),
                stages: StageCounts(SIMD4(1, 0, 0, 0)))
        }
        changes.totals.observedCount = 3
        let position = FilePosition(
            path: "/nonexistent/audit.log", inode: Inode(device: 1, number: 2), offset: 10,
            fingerprint: Fingerprint(of: Array("0123456789".utf8)), isInSkippedLine: false, size: 20,
            isFinished: false)
        return Checkpoint(
            detection: changes, positions: [position],
            reading: ReadingTotals(inputs: ["file": .init(lines: 1, bytes: 2)], lastEventTimestamp: 1), time: 2)
    }

    private static func relax(_ path: String) throws -> [UInt8] {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in
            try db.execute(
                sql: """
                    PRAGMA journal_mode = DELETE;
                    PRAGMA writable_schema = ON;
                    UPDATE sqlite_schema SET sql = replace(replace(sql, ' STRICT', ''), ' NOT NULL', '');
                    """)
        }
        try queue.close()
        guard let bytes = try ScratchFile.content(of: path) else { throw SystemFailure("open \(path)") }
        return bytes
    }

    private static func columns(_ path: String) throws -> [Column] {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT m.name AS "table", c.name AS "column" FROM sqlite_schema m, pragma_table_info(m.name) c
                    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2
                    """
            ).map { Column(table: $0["table"], name: $0["column"]) }
        }
    }
}
