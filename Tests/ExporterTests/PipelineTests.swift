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
        // Shortly after the events of these tests.
        now: @escaping @Sendable () -> Double = { 1_795_475_500 }
    ) throws -> Pipeline {
        Pipeline(try Configuration(options), now: now)
    }

    @Test("publishes whole batches, and a repeated batch changes no count")
    func publishes() async throws {
        let pipeline = try Self.pipeline()
        let batch = Samples.batch((1...6).map { Samples.event($0, second: $0) }, malformed: 2)
        await pipeline.apply(batch)
        let snapshot = try await eventually("the snapshot") {
            pipeline.published.current
        } is: {
            !$0.sources.counters.isEmpty
        }
        #expect(snapshot.sources.counters.map(\.requests) == [6])
        #expect(snapshot.sources.counters.map(\.firstSeen) == [1_795_475_500])
        #expect(snapshot.reading.lastEventTimestamp == EventTimestamp("2026-11-23T23:10:06Z")?.secondsSince1970)
        await pipeline.apply(batch)
        let again = try await eventually("the next snapshot") {
            pipeline.published.current
        } is: {
            $0.duplicateEvents == 6
        }
        #expect(again.sources.counters.map(\.requests) == [6])
        #expect(again.reading.inputs == ["file": ReadingTotals.Input(lines: 16, bytes: 200, malformed: 4)])
        #expect(snapshot.duplicateEvents == 0, "a published snapshot does not change any more")
    }

    @Test("counts alike events with an incomplete identity each, and counts them as inexact")
    func inexact() async throws {
        let pipeline = try Self.pipeline()
        #expect(pipeline.published.current.inexactEvents == ["file": 0])
        var event = Samples.event(1)
        event.hasCompleteIdentity = false
        await pipeline.apply(Samples.batch([event, event, event, event, event, event, Samples.event(2)]))
        let snapshot = try await eventually("the snapshot") {
            pipeline.published.current
        } is: {
            !$0.sources.counters.isEmpty
        }
        #expect(snapshot.sources.counters.map(\.requests) == [7])
        #expect(snapshot.inexactEvents == ["file": 6])
        #expect(snapshot.duplicateEvents == 0)
    }

    @Test("has the newest event's time, in whatever order batches arrive")
    func newest() async throws {
        let pipeline = try Self.pipeline()
        await pipeline.apply(Samples.batch([Samples.event(1, second: 5)]))
        await pipeline.apply(Samples.batch([Samples.event(2, second: 3)]))
        let snapshot = try await eventually("both") {
            pipeline.published.current
        } is: {
            $0.sources.counters.first?.requests == 2
        }
        #expect(snapshot.reading.lastEventTimestamp == EventTimestamp("2026-11-23T23:10:05Z")?.secondsSince1970)
    }

    @Test("is ready once every log was checked, including standard input, and shows them in order")
    func readiness() async throws {
        let pipeline = try Self.pipeline(ServeOptions(auditLogs: ["-", "a", "b"], logLevel: "error"))
        pipeline.status.report([LogState(log: "a"), LogState(log: "b", problem: "gone")])
        try await eventually("the two logs") { pipeline.status.current.logs.count == 2 }
        #expect(!pipeline.status.current.isReady)
        pipeline.status.report([LogState(log: "-")])
        try await eventually("readiness") { pipeline.status.current.isReady }
        #expect(pipeline.status.current.logs.map(\.log) == ["a", "b", "-"])
    }

    /// Retention is checked once a minute, but a clock that was set back at the next look.
    @Test("shows no time in the future after the clock was set back")
    func upkeep() async throws {
        let time = Mutex(1_795_475_500.0)
        let now: @Sendable () -> Double = { time.withLock { $0 } }
        let pipeline = try Self.pipeline(now: now)
        var batch = Samples.batch([Samples.event(1)])
        batch.scanned.lastEventTimestamp = now()
        #expect(await pipeline.commit(batch) == .committed)
        let upkeep = Task { try await UpkeepService(pipeline: pipeline, now: now, look: .milliseconds(100)).run() }
        defer { upkeep.cancel() }
        let shown = { pipeline.published.current.reading.lastEventTimestamp }
        time.withLock { $0 += 30 }
        try await Task.sleep(for: .milliseconds(500))
        #expect(shown() == 1_795_475_500, "a clock that goes on changes nothing")
        time.withLock { $0 -= 3600 }
        try await eventually("no time in the future", within: .seconds(10)) { shown() == now() }
    }

    @Test("retires silent sources, and keeps their requests in the sum")
    func retirement() async throws {
        let time = Mutex(1000.0)
        let pipeline = try Self.pipeline(now: { time.withLock { $0 } })
        await pipeline.apply(Samples.batch([Samples.event(1)]))
        time.withLock { $0 += 86_400 }
        await pipeline.performUpkeep()
        try await eventually("the source") { pipeline.published.current.sources.counters.count == 1 }
        time.withLock { $0 += 1 }
        await pipeline.performUpkeep()
        let snapshot = try await eventually("retirement") {
            pipeline.published.current
        } is: {
            $0.sources.counters.isEmpty
        }
        #expect(snapshot.sources.retiredRequests == 1)
    }

    @Test("shows no last event from the future, whether an event, the state or its own clock was wrong")
    func lastEvent() async throws {
        let event = EventTimestamp("2026-11-23T23:10:06Z")?.secondsSince1970 ?? 0
        let time = Mutex(event + 60)
        let pipeline = try Self.pipeline(now: { time.withLock { $0 } })
        let shown = { pipeline.published.current.reading.lastEventTimestamp }
        var wrong = Samples.batch([Samples.event(1)])
        wrong.scanned.lastEventTimestamp = EventTimestamp("9999-12-31T23:59:59Z")?.secondsSince1970
        #expect(await pipeline.commit(wrong) == .committed)
        #expect(shown() == event + 60)
        // It counts as new once, and then ages as others do.
        time.withLock { $0 += 900 }
        #expect(await pipeline.commit(Samples.batch([Samples.event(2, second: 6)])) == .committed)
        #expect(shown() == event + 60)
        // The clock was wrong when that was counted.
        time.withLock { $0 = event + 10 }
        await pipeline.performUpkeep()
        try await eventually("a time that is not in the future") { shown() == event + 10 }

        var stored = StoredState(key: .random())
        stored.reading.lastEventTimestamp = 253_402_300_799
        let counting = Counting(
            try Configuration(ServeOptions(auditLogs: ["audit.log"], logLevel: "error")), restoring: stored, at: event)
        #expect(counting.counts.reading.lastEventTimestamp == event)
    }

    @Test("uses a new location database for later sources, and keeps the previous one if it is invalid")
    func locations() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "locations.mmdb").path
            let database = try Data(contentsOf: Fixture.url("locations/locations.mmdb"))
            try database.write(to: URL(filePath: path))
            let reloading = try Reloading(ServeOptions(geoipDatabase: path))
            let pipeline = reloading.pipeline
            await pipeline.apply(Samples.batch([Samples.event(1, of: "198.51.100.7")]))
            try Data("broken".utf8).write(to: URL(filePath: path))
            for _ in 0..<2 { await reloading.look() }
            await pipeline.apply(Samples.batch([Samples.event(2, of: "198.51.100.8")]))
            let broken = try await eventually("the second source") {
                pipeline.published.current
            } is: {
                $0.sources.counters.count == 2
            }
            #expect(pipeline.status.current.locationsAreCurrent == false)
            #expect(broken.sources.counters.map(\.location.country) == ["Japan", "Japan"])
            try database.write(to: URL(filePath: path), options: .atomic)
            for _ in 0..<2 { await reloading.look() }
            #expect(pipeline.status.current.locationsAreCurrent == true)
        }
    }
}
