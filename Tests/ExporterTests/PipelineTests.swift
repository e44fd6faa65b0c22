import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import StateStore
import Synchronization
import Testing
import TestSupport

@testable import Exporter

@Suite("The pipeline")
struct PipelineTests {
    private static func pipeline(
        _ options: ServeOptions = ServeOptions(auditLogs: ["audit.log"], logLevel: "error"),
        now: @escaping @Sendable () -> Double = { 1000 }
    ) throws -> Pipeline {
        Pipeline(try Configuration(options), now: now)
    }

    @Test("publishes what it counted, whole, and a batch that comes again changes no count")
    func publishes() async throws {
        let pipeline = try Self.pipeline()
        let batch = Samples.batch((1...6).map { Samples.event($0, second: $0) }, malformed: 2)
        await pipeline.apply(batch)
        let snapshot = try await eventually("the snapshot") {
            pipeline.published.current
        } is: {
            !$0.counts.sources.counters.isEmpty
        }
        #expect(snapshot.counts.sources.counters.map(\.requests) == [6])
        #expect(snapshot.counts.sources.counters.map(\.firstSeen) == [1000])
        #expect(snapshot.counts.reading.lastEventTimestamp == EventTimestamp("2026-11-23T23:10:06Z")?.secondsSince1970)
        await pipeline.apply(batch)
        let again = try await eventually("the next snapshot") {
            pipeline.published.current
        } is: {
            $0.counts.duplicateEvents == 6
        }
        #expect(again.counts.sources.counters.map(\.requests) == [6])
        #expect(again.counts.reading.inputs == ["file": ReadingTotals.Input(lines: 16, bytes: 200, malformed: 4)])
        #expect(snapshot.counts.duplicateEvents == 0, "what was published does not change any more")
    }

    @Test("says the newest time, in whatever order batches come")
    func newest() async throws {
        let pipeline = try Self.pipeline()
        await pipeline.apply(Samples.batch([Samples.event(1, second: 5)]))
        await pipeline.apply(Samples.batch([Samples.event(2, second: 3)]))
        let snapshot = try await eventually("both") {
            pipeline.published.current
        } is: {
            $0.counts.sources.counters.first?.requests == 2
        }
        #expect(snapshot.counts.reading.lastEventTimestamp == EventTimestamp("2026-11-23T23:10:05Z")?.secondsSince1970)
    }

    @Test("is ready when every log was looked at, standard input too, and shows them in their order")
    func readiness() async throws {
        let pipeline = try Self.pipeline(ServeOptions(auditLogs: ["-", "a", "b"], logLevel: "error"))
        await pipeline.report([LogState(log: "a"), LogState(log: "b", problem: "gone")])
        try await eventually("the two logs") { pipeline.published.current.logs.count == 2 }
        #expect(!pipeline.published.current.isReady)
        await pipeline.report([LogState(log: "-")])
        try await eventually("readiness") { pipeline.published.current.isReady }
        #expect(pipeline.published.current.logs.map(\.log) == ["a", "b", "-"])
    }

    @Test("retires silent sources, and keeps their requests in the sum")
    func retirement() async throws {
        let time = Mutex(1000.0)
        let pipeline = try Self.pipeline(now: { time.withLock { $0 } })
        await pipeline.apply(Samples.batch([Samples.event(1)]))
        time.withLock { $0 += 86_400 }
        await pipeline.retireSilentSources()
        try await eventually("the source") { pipeline.published.current.counts.sources.counters.count == 1 }
        time.withLock { $0 += 1 }
        await pipeline.retireSilentSources()
        let snapshot = try await eventually("retirement") {
            pipeline.published.current
        } is: {
            $0.counts.sources.counters.isEmpty
        }
        #expect(snapshot.counts.sources.retiredRequests == 1)
    }

    @Test("takes a new database of locations for sources that are new from then on, and keeps the old one else")
    func locations() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "locations.mmdb").path
            let database = try Data(contentsOf: Fixture.url("locations/locations.mmdb"))
            try database.write(to: URL(filePath: path))
            let pipeline = try Self.pipeline(
                ServeOptions(auditLogs: ["x"], geoipDatabase: path, logLevel: "error"))
            await pipeline.apply(Samples.batch([Samples.event(1, of: "198.51.100.7")]))
            try Data("broken".utf8).write(to: URL(filePath: path))
            await pipeline.refreshLocations()
            await pipeline.apply(Samples.batch([Samples.event(2, of: "198.51.100.8")]))
            let broken = try await eventually("the second source") {
                pipeline.published.current
            } is: {
                $0.counts.sources.counters.count == 2
            }
            #expect(broken.locationsAreCurrent == false)
            #expect(broken.counts.sources.counters.map(\.location.country) == ["Japan", "Japan"])
            try database.write(to: URL(filePath: path), options: .atomic)
            await pipeline.refreshLocations()
            try await eventually("the database") { pipeline.published.current.locationsAreCurrent == true }
        }
    }
}
