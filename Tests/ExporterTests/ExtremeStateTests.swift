import AccessScanning
import AuditEvents
import AuditSources
import Exposition
import Foundation
import GRDB
import HTTPServing
import Testing
import TestSupport

@testable import Exporter
@testable import StateStore

/// A state may hold any value that its schema allows: from a wrong clock, or from damage that SQLite does not see.
@Suite("An exporter whose state holds extreme values", .serialized)
struct ExtremeStateTests {
    private static let now = 1_795_475_674.0
    // By the type of the column.
    private static let values: [String: [DatabaseValue]] = [
        "INTEGER": [.min, -1, 1 << 53, Int64.max].map(\.databaseValue),
        "REAL": [-.infinity, -1e300, -9.2e18, -0.0, 1e-300, 2e9, 9.3e18, 1e300, Double.infinity].map(\.databaseValue),
        "TEXT": ["", "other", "::", "0.0.0.0/0"].map(\.databaseValue),
        "BLOB": [0, 4, 16, 20, 48].map { Data(repeating: 0xFF, count: $0).databaseValue },
    ]

    private static func pipeline(_ directory: URL) throws(StateStoreError) -> (pipeline: Pipeline, store: StateStore)? {
        let storage = try StateStore.open(directory: directory.path, version: "1", at: now)
        var options = ServeOptions(auditLogs: ["audit.log"], logLevel: "error")
        (options.sourceLimit, options.claimedLimit, options.networkLimit) = ("2", "1", "1")
        guard let configuration = try? Configuration(options) else { return nil }
        return (Pipeline(configuration, storage: storage, now: { now }), storage.store)
    }

    private static func batch(_ ids: Range<Int>) -> InputBatch {
        Samples.batch(
            ids.map { id in
                AuditEvent(
                    // More distinct URIs than the first ones that evidence keeps.
                    auditID: "\(id)", stage: "ResponseComplete", requestURI: "/\(id)",
                    groups: ["system:unauthenticated"],
                    sourceIPs: ["203.0.113.\(id)", "192.0.\(id % 4).1"], responseCode: 403,
                    requestReceivedTimestamp: "2026-11-23T23:14:30Z", stageTimestamp: "2026-11-23T23:14:30.\(id)Z")
            }, positions: [Samples.position(ids.upperBound)])
    }

    /// A state with a row in each table, and its columns.
    private static func template(_ directory: URL) async throws -> [(table: String, name: String, type: String)] {
        guard let (pipeline, store) = try pipeline(directory) else { return [] }
        #expect(await pipeline.commit(batch(0..<20)) == .committed)
        try store.withDatabase { db in
            try db.execute(sql: "INSERT INTO filtered VALUES (CAST('probes' AS BLOB), 4)")
        }
        let columns = try store.withDatabase { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT m.name AS "table", c.name AS "column", c.type FROM sqlite_schema m, pragma_table_info(m.name) c
                    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name != 'grdb_migrations'
                    """
            ).map { (table: $0["table"] as String, name: $0["column"] as String, type: $0["type"] as String) }
        }
        let rows = try store.withDatabase { db in
            try Set(columns.map(\.table)).map { try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)") ?? 0 }
        }
        #expect(rows.allSatisfy { $0 > 0 })
        #expect(await pipeline.finish())
        return columns
    }

    private static func expectText(of pipeline: Pipeline, _ what: String) throws {
        for format in ExpositionFormat.allCases {
            let page = MetricsPage(format, showing: pipeline.published, pipeline.status, servers: { [] })
            let text = String(decoding: page.response().body, as: UTF8.self)
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let sample = line.split(separator: "#", maxSplits: 1)[0].trimmingCharacters(in: .whitespaces)
                let value = try #require(sample.split(separator: " ").last.flatMap { Double($0) }, "\(line): \(what)")
                let name = sample.prefix { $0 != "{" && $0 != " " }
                if name.hasPrefix("kube_audit_") && (name.hasSuffix("_timestamp_seconds") || name.hasSuffix("_created"))
                {
                    try #require(value <= now, "\(line): \(what)")
                }
                try #require(!value.isNaN, "\(line): \(what)")
            }
        }
    }

    @Test("starts or says why it does not, counts and writes, and shows no time in the future")
    func anyColumn() async throws {
        try await withTemporaryDirectory { parent in
            let template = parent.appending(path: "template")
            let columns = try await Self.template(template)
            #expect(columns.count > 40)
            var started = 0
            for column in columns {
                for value in Self.values[column.type] ?? [] {
                    let directory = parent.appending(path: "copy")
                    try? FileManager.default.removeItem(at: directory)
                    try FileManager.default.copyItem(at: template, to: directory)
                    let queue = try DatabaseQueue(path: directory.appending(path: "state.db").path)
                    let isChanged = try await queue.writeWithoutTransaction { db in
                        try db.execute(sql: "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON")
                        // What the schema forbids stays as it was.
                        try? db.execute(
                            sql: "UPDATE \(column.table) SET \(column.name) = ? WHERE rowid % 2 = 1",
                            arguments: [value])
                        return db.changesCount > 0
                    }
                    try queue.close()
                    guard isChanged else { continue }
                    let what = "\(column.table).\(column.name) is \(value)"
                    let opened: (pipeline: Pipeline, store: StateStore)?
                    do throws(StateStoreError) {
                        opened = try Self.pipeline(directory)
                    } catch {
                        #expect(!error.reason.isEmpty && error.kind != .damaged, "\(what): \(error)")
                        continue
                    }
                    let pipeline = try #require(opened).pipeline
                    started += 1
                    try Self.expectText(of: pipeline, what)
                    let outcome = await pipeline.commit(Self.batch(100..<110))
                    #expect(outcome == .committed, "\(what)")
                    await pipeline.performUpkeep()
                    #expect(await pipeline.finish(), "\(what)")
                    try Self.expectText(of: pipeline, what)
                }
            }
            #expect(started > 100, "\(started)")
        }
    }
}
