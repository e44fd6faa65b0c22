import AccessScanning
import AuditSources
import Synchronization
import Testing
import TestSupport

@testable import Exporter

@Suite("After a freeze of the process")
struct FreezeTests {
    /// The clocks that go on during a freeze.
    enum Kind: CaseIterable {
        /// SIGSTOP, a frozen cgroup, a suspended machine.
        case both
        /// A paused virtual machine, whose clock is set afterwards.
        case wallOnly
        /// The clock was set back meanwhile.
        case bootOnly
    }

    /// Clocks that stand still unless they are moved.
    private final class Clocks: Sendable {
        private let reading = Mutex(FreezeWatch.Reading(wall: 1_795_475_500, boot: 5000))

        var now: FreezeWatch.Reading { reading.withLock { $0 } }

        func move(_ seconds: Double, _ kind: Kind = .both) {
            reading.withLock {
                if kind != .bootOnly { $0.wall += seconds }
                if kind != .wallOnly { $0.boot += seconds }
            }
        }
    }

    private static func pipeline(_ clocks: Clocks) throws -> Pipeline {
        Pipeline(
            try Configuration(ServeOptions(auditLogs: ["audit.log"], logLevel: "error")),
            now: { clocks.now.wall }, reading: { clocks.now })
    }

    private static func requests(of pipeline: Pipeline) -> UInt64 {
        pipeline.published.current.sources.counters.map(\.requests).reduce(0, +)
    }

    @Test("of over 30 minutes the published counts stand for a minute, and nothing is read", arguments: Kind.allCases)
    func held(kind: Kind) async throws {
        let clocks = Clocks()
        let pipeline = try Self.pipeline(clocks)
        #expect(await pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
        clocks.move(1801, kind)
        // Read before the freeze, delivered after it, from a log and from the webhook.
        guard case .unavailable = await pipeline.apply(Samples.batch([Samples.event(2)])),
            case .unavailable = await pipeline.commit(Samples.batch([Samples.event(2)]))
        else {
            Issue.record("a batch slipped through")
            return
        }
        clocks.move(59)
        guard case .unavailable = await pipeline.apply(Samples.batch([Samples.event(2)])) else {
            Issue.record("a batch was taken before the minute was over")
            return
        }
        #expect(Self.requests(of: pipeline) == 1)
        clocks.move(1.5)
        #expect(await pipeline.commit(Samples.batch([Samples.event(2)])) == .committed)
        #expect(Self.requests(of: pipeline) == 2)
    }

    @Test("what was counted before it and not yet published is published a minute after it")
    func counted() async throws {
        let clocks = Clocks()
        let pipeline = try Self.pipeline(clocks)
        #expect(await pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
        #expect(await pipeline.apply(Samples.batch([Samples.event(2)])) == .accepted)
        clocks.move(4000)
        await pipeline.isHolding()
        try await Task.sleep(for: Pipeline.writingInterval + .milliseconds(400))
        #expect(Self.requests(of: pipeline) == 1)
        clocks.move(61)
        try await eventually("both requests") { Self.requests(of: pipeline) == 2 }
    }

    @Test("a stop within the minute writes everything")
    func stop() async throws {
        let clocks = Clocks()
        let pipeline = try Self.pipeline(clocks)
        #expect(await pipeline.apply(Samples.batch([Samples.event(1)])) == .accepted)
        clocks.move(4000)
        await pipeline.isHolding()
        #expect(await pipeline.finish())
        #expect(Self.requests(of: pipeline) == 1)
    }

    @Test("of less than 30 minutes, and while it only has nothing to do, reading goes on at once")
    func short() async throws {
        let clocks = Clocks()
        let pipeline = try Self.pipeline(clocks)
        clocks.move(1799)
        #expect(await pipeline.commit(Samples.batch([Samples.event(1)])) == .committed)
        for _ in 0..<4000 {
            clocks.move(1)
            #expect(await !pipeline.isHolding())
        }
        #expect(await pipeline.commit(Samples.batch([Samples.event(2)])) == .committed)
    }
}
