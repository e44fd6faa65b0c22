import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import StateStore
import HTTPServing
import Logging
import RawHTTP
import Testing
import TestSupport

@testable import Exporter

@Suite("A webhook batch")
struct WebhookCountingTests {
    private static let batches = ["batch-1", "batch-2", "batch-3", "batch-4"]
    private static let retried = ["00001.500", "00002.429", "00003.200", "00005.429", "00006.200"].map {
        "retried/\($0)"
    }

    private func counts(_ sources: SourceCounts) -> [String: UInt64] {
        Dictionary(
            uniqueKeysWithValues: sources.counters.map { ("\($0.source.address) \($0.source.origin)", $0.requests) })
    }

    /// The counts of a detector that gets each body once.
    private func expected(_ names: [String]) throws -> [String: UInt64] {
        var scanner = EventScanner(selecting: [.unauthenticatedForbidden])
        var detector = AccessScanningDetector([.forbidden])
        for name in names {
            let body = try Fixture.bytes("audit-logs/webhook/\(name).json")
            for selected in try scanner.scan(eventList: body.span.bytes).events {
                detector.observe(selected.event, of: selected.selector, at: 1000)
            }
        }
        return counts(detector.ledgers[0].sources.counts)
    }

    private func pipeline() throws -> Pipeline {
        Pipeline(
            try Configuration(ServeOptions(webhookListenAddress: "127.0.0.1:0", logLevel: "error")), now: { 1000 })
    }

    @Test("is counted once, even if it arrives repeatedly, on several connections and in any order")
    func twice() async throws {
        let pipeline = try pipeline()
        let service = try await RunningWebhook { await pipeline.commit($0) }
        let names = Self.batches + Self.retried
        try await withThrowingTaskGroup { group in
            for first in 0..<4 {
                group.addTask {
                    let connection = try RawConnection(to: service.address)
                    // Each connection sends all of them, starting with another one: each arrives four times,
                    // interleaved.
                    for name in names[first...] + names[..<first] {
                        let body = try Fixture.bytes("audit-logs/webhook/\(name).json")
                        let response = try await connection.answer(to: webhookPost(body))
                        #expect(response.status == 200)
                    }
                }
            }
            try await group.waitForAll()
        }
        // Acknowledged batches are visible at once, without waiting.
        let snapshot = pipeline.published.current
        let expected = try expected(Self.batches + ["retried/00003.200", "retried/00006.200"])
        #expect(counts(snapshot.sources) == expected)
        #expect(snapshot.reading.inputs.keys.sorted() == ["webhook"])
        #expect(service.answers == [#"{code="200"} 36"#])
    }

    @Test("is counted for its sources in agreement with the clients")
    func known() async throws {
        let pipeline = try pipeline()
        let service = try await RunningWebhook { await pipeline.commit($0) }
        let connection = try RawConnection(to: service.address)
        for name in Self.batches + Self.batches {
            let body = try Fixture.bytes("audit-logs/webhook/\(name).json")
            #expect(try await connection.answer(to: webhookPost(body)).status == 200)
        }
        let sources = pipeline.published.current.sources
        let verified = counts(sources).filter { $0.key.hasSuffix("verified") }
        #expect(verified.values.reduce(0, +) == 132)
        for (address, count) in [1: 1, 3: 5, 6: 50, 7: 12, 8: 3, 9: 6, 13: 10, 16: 1] as [Int: UInt64] {
            #expect(verified["127.0.0.\(address) verified"] == count, "127.0.0.\(address)")
        }
        #expect(sources.counters.map(\.source.address.description).allSatisfy { $0 != "127.0.0.17" })
    }

    @Test("is visible once it is acknowledged, and an exporter with only a webhook is ready at once")
    func shown() async throws {
        let pipeline = try pipeline()
        #expect(pipeline.status.current.isReady)
        let service = try await RunningWebhook { await pipeline.commit($0) }
        let body = try Fixture.bytes("audit-logs/webhook/batch-1.json")
        #expect(try await RawConnection(to: service.address).answer(to: webhookPost(body)).status == 200)
        let totals = try #require(pipeline.published.current.reading.inputs["webhook"])
        #expect(totals.lines == 400)
        #expect(totals.bytes == UInt64(body.count))
    }

    @Test("is not accepted, and so not lost, while an exporter that was down for long shows its old counters")
    func heldBack() async throws {
        let pipeline = try pipeline()
        // Until the holdback is over, the input is not run.
        let service = try await RunningWebhook(nil)
        let body = try Fixture.bytes("audit-logs/webhook/batch-1.json")
        let response = try await RawConnection(to: service.address).answer(to: webhookPost(body))
        #expect(response.status == 503)
        #expect(response.headers["retry-after"] == "10")
        #expect(pipeline.published.current.sources.counters == [])
    }
}
