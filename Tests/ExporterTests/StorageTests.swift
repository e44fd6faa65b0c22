import AccessScanning
import AuditEvents
import AuditSources
import Dispatch
import Foundation
import GRDB
import Testing
import TestSupport

@testable import Exporter
@testable import StateStore

@Suite("Counts are stored")
struct StorageTests {
    /// A pipeline that writes into a directory, and its store.
    private static func open(
        _ directory: URL, now: @escaping @Sendable () -> Double = { 1000 }
    ) throws -> (pipeline: Pipeline, store: StateStore, stored: StoredState) {
        let (store, stored) = try StateStore.open(directory: directory.path, version: "1", at: now())
        let options = ServeOptions(auditLogs: ["audit.log"], logLevel: "error")
        return (Pipeline(try Configuration(options), storage: (store, stored), now: now), store, stored)
    }

    /// Makes writes fail, or succeed again.
    private static func allowWriting(_ isAllowed: Bool, _ store: StateStore) throws {
        try store.withDatabase { try $0.execute(sql: "PRAGMA query_only = \(isAllowed ? "OFF" : "ON")") }
    }

    private static func requests(_ counts: Counts) -> [UInt64] {
        counts.sources.counters.map(\.requests)
    }

    @Test("and a restart continues from them: counters, positions, totals, and known requests")
    func restart() async throws {
        try await withTemporaryDirectory { directory in
            let batch = Samples.batch((1...6).map { Samples.event($0, second: $0) }, positions: [Samples.position(700)])
            let (first, _, _) = try Self.open(directory)
            #expect(await first.commit(batch) == .committed)
            let shown = first.published.current
            #expect(Self.requests(shown) == [6])
            #expect(await first.finish())

            let (second, _, stored) = try Self.open(directory, now: { 2000 })
            #expect(stored.positions.map(\.offset) == [700])
            #expect(stored.lastCheckpoint == 1000)
            let restored = second.published.current
            #expect(restored.sources.counters == shown.sources.counters)
            #expect(restored.reading == shown.reading)
            #expect(await second.commit(batch) == .committed)
            #expect(Self.requests(second.published.current) == [6])
            #expect(second.published.current.duplicateEvents == 6)
            #expect(await second.finish())
        }
    }

    @Test("before they are shown: while writing fails, nothing new is shown, and everything later")
    func failing() async throws {
        try await withTemporaryDirectory { directory in
            let (pipeline, store, _) = try Self.open(directory)
            #expect(await pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
            try Self.allowWriting(false, store)
            // Its sender waits for the outcome, and is asked to send it again.
            let refused = await pipeline.commit(Samples.batch([Samples.event(2)]))
            guard case .unavailable(let reason) = refused else {
                Issue.record("it was \(refused)")
                return
            }
            #expect(reason.contains("state.db"))
            // Batches that nobody can send again are counted in memory.
            await pipeline.apply(Samples.batch([Samples.event(3)], positions: [Samples.position(300)]))
            // Meanwhile, a sender is told at once.
            #expect(await pipeline.commit(Samples.batch([Samples.event(4)])) == refused)
            #expect(Self.requests(pipeline.published.current) == [1])
            #expect(pipeline.status.current.storage?.problem == reason)

            try Self.allowWriting(true, store)
            try await eventually("the counts of the meantime") { Self.requests(pipeline.published.current) == [3] }
            #expect(pipeline.status.current.storage?.problem == nil)
            #expect(await pipeline.commit(Samples.batch([Samples.event(2), Samples.event(4)])) == .committed)
            #expect(Self.requests(pipeline.published.current) == [4])
            let storage = try #require(pipeline.status.current.storage)
            #expect(storage.writeFailures >= 1)
            #expect(storage.writes >= storage.writeFailures + 3, "writes include failed ones")
            #expect(await pipeline.finish())
            let stored = try StateStore.open(directory: directory.path, version: "1", at: 0).stored
            #expect(stored.detection.forbidden.counters.map(\.requests) == [4])
            #expect(stored.positions.map(\.offset) == [300])
        }
    }

    @Test("or, if that fails at the end, this is reported, and the next start continues from the last write")
    func failingAtTheEnd() async throws {
        try await withTemporaryDirectory { directory in
            let (pipeline, store, _) = try Self.open(directory)
            #expect(await pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
            try Self.allowWriting(false, store)
            await pipeline.apply(Samples.batch([Samples.event(2)], positions: [Samples.position(100)]))
            #expect(await pipeline.finish() == false)
            let stored = try StateStore.open(directory: directory.path, version: "1", at: 0).stored
            #expect(stored.detection.forbidden.counters.map(\.requests) == [1])
            #expect(stored.positions == [])
        }
    }

    @Test("until the exporter stops: later batches are rejected, and nothing is written to a closed state")
    func closed() async throws {
        try await withTemporaryDirectory { directory in
            let (pipeline, _, _) = try Self.open(directory)
            #expect(await pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
            #expect(await pipeline.finish())
            // A reload, a round of upkeep and a batch that arrive too late.
            await pipeline.use(
                RequestFilter(entries: [FilterEntry(name: "late", networks: [try #require(Network("192.0.2.1"))])]))
            await pipeline.performUpkeep()
            #expect(
                await pipeline.apply(Samples.batch([Samples.event(2)]))
                    == .unavailable(reason: "the exporter is stopping"))
            #expect(
                await pipeline.commit(Samples.batch([Samples.event(3)]))
                    == .unavailable(reason: "the exporter is stopping"))
            try await Task.sleep(for: Pipeline.writingInterval + .milliseconds(100))
            #expect(pipeline.status.current.storage?.problem == nil)
            #expect(await pipeline.finish(), "it may be asked again")
            let stored = try StateStore.open(directory: directory.path, version: "1", at: 0).stored
            #expect(stored.detection.forbidden.counters.map(\.requests) == [1])
            #expect(stored.detection.filteredRequests == [:])
        }
    }

    /// Locks the database until the semaphore is signalled, like a disk that does not respond.
    private static func hold(_ store: StateStore) -> DispatchSemaphore {
        let release = DispatchSemaphore(value: 0)
        let isHeld = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            try? store.withDatabase { _ in
                isHeld.signal()
                release.wait()
            }
        }
        isHeld.wait()
        return release
    }

    @Test("also on a slow disk: counting continues meanwhile, and nothing is shown before it is written")
    func slow() async throws {
        try await withTemporaryDirectory { directory in
            let (pipeline, store, _) = try Self.open(directory)
            #expect(await pipeline.commit(Samples.batch([Samples.event(0)])) == .committed)
            let release = Self.hold(store)
            let sender = Task { await pipeline.commit(Samples.batch([Samples.event(1)])) }
            for id in 2..<100 { await pipeline.apply(Samples.batch([Samples.event(id)])) }
            pipeline.status.report([LogState(log: "audit.log")])
            #expect(pipeline.status.current.isReady, "status that needs no disk is shown")
            #expect(Self.requests(pipeline.published.current) == [1])
            release.signal()
            #expect(await sender.value == .committed)
            try await eventually("all of it") { Self.requests(pipeline.published.current) == [100] }
            #expect(await pipeline.finish())
        }
    }

    @Test("within a quarter of a second, and at once if a sender waits for it")
    func delay() async throws {
        #expect(Pipeline.writingInterval <= .milliseconds(250) && Pipeline.quietInterval <= .seconds(1))
        try await withTemporaryDirectory { directory in
            let (pipeline, _, _) = try Self.open(directory)
            let start = ContinuousClock.now
            for id in 0..<50 {
                // A batch without a waiting sender starts a pause, which the next one ends.
                await pipeline.apply(Samples.batch([Samples.event(2 * id)]))
                #expect(await pipeline.commit(Samples.batch([Samples.event(2 * id + 1)])) == .committed)
            }
            let took = ContinuousClock.now - start
            #expect(took < Pipeline.writingInterval * 25, "fifty pauses would take twice as long")
            #expect(Self.requests(pipeline.published.current) == [100])
            #expect(await pipeline.finish())
        }
    }

    @Test("with a pause after a write that took long")
    func pause() async throws {
        try await withTemporaryDirectory { directory in
            let (pipeline, store, _) = try Self.open(directory)
            let release = Self.hold(store)
            let sender = Task { await pipeline.commit(Samples.batch([Samples.event(0)])) }
            // Less than the pause, which the length of the write would otherwise be.
            try await Task.sleep(for: Pipeline.writingPause / 2)
            let end = ContinuousClock.now
            release.signal()
            #expect(await sender.value == .committed)
            await pipeline.apply(Samples.batch([Samples.event(1)]))
            try await eventually("the second one") { Self.requests(pipeline.published.current) == [2] }
            #expect(.now - end >= Pipeline.writingPause)
            #expect(await pipeline.finish())
        }
    }

    @Test("of read positions alone once a second, until an event comes")
    func quiet() async throws {
        try await withTemporaryDirectory { directory in
            let (pipeline, _, _) = try Self.open(directory)
            let writes = { pipeline.status.current.storage?.writes ?? 0 }
            #expect(await pipeline.commit(Samples.batch([Samples.event(0)])) == .committed)
            // Slower machines write more often, never less often.
            let begin = ContinuousClock.now
            for number in 1...40 {
                await pipeline.apply(Samples.batch([], positions: [Samples.position(number)]))
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(Double(writes()) <= 2 + begin.duration(to: .now) / Pipeline.quietInterval)
            await pipeline.apply(Samples.batch([Samples.event(1)]))
            try await eventually("the event") { Self.requests(pipeline.published.current) == [2] }
            #expect(await pipeline.finish())
            let stored = try StateStore.open(directory: directory.path, version: "1", at: 0).stored
            #expect(stored.positions == [Samples.position(40)])
        }
    }

    @Test("but not in a damaged database: it is moved aside and reported, and counters start at zero")
    func damaged() async throws {
        try await withTemporaryDirectory { directory in
            let (first, _, _) = try Self.open(directory)
            #expect(await first.commit(Samples.batch([Samples.event(1)])) == .committed)
            #expect(await first.finish())
            try Data(repeating: 7, count: 5000).write(to: directory.appending(path: "state.db"))
            let (second, store, stored) = try Self.open(directory)
            #expect(stored.detection.analytics == [:])
            #expect(store.damaged != nil)
            #expect(second.status.current.storage?.wasDamaged == true)
            #expect(await second.finish())
        }
    }

    @Test("and after a long downtime nothing is counted until they were shown for a minute")
    func holdback() {
        #expect(Holdback(lastWritten: nil, now: 5000).duration == .zero)
        #expect(Holdback(lastWritten: 5000 - 1800, now: 5000).duration == .zero)
        #expect(Holdback(lastWritten: 5000 - 1801, now: 5000).duration == .seconds(60))
        #expect(Holdback(lastWritten: 5001, now: 5000).duration == .zero)
        // The clock was set back, so the length of the downtime is unknown.
        #expect(Holdback(lastWritten: 6000, now: 5000).duration == .seconds(60))
    }
}
