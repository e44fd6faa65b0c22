import AccessScanning
import AuditEvents
import AuditSources
import Compression
import Foundation
@testable import StateStore
import Testing
import TestSupport

// One after the other: each has files open, and another test counts those of the process.
@Suite("A state of schema 5, which an exporter wrote after it read metadata.log", .serialized)
struct Schema5Tests {
    private static func make(in directory: URL) throws {
        var decompressor = Decompressor(.zstd)
        decompressor.feed(try Fixture.bytes("state/schema-5.db.zst"))
        var bytes: [UInt8] = []
        while let piece = try decompressor.next() { bytes += piece }
        try decompressor.finish()
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data(bytes).write(to: directory.appending(path: "state.db"))
    }

    private static func sum(_ counters: some Sequence<SourceCounter>) -> UInt64 {
        counters.map(\.requests).reduce(0, +)
    }

    @Test("has a profile for each source, with its evidence, paths and last requests")
    func profiles() throws {
        try withTemporaryDirectory { directory in
            try Self.make(in: directory)
            let (store, stored) = try StateStore.open(directory)
            defer { store.close() }
            #expect(store.damaged == nil)
            let state = stored.detection
            #expect(state.forbidden.counters.count == 29)
            #expect(state.forbidden.counters.map(\.requests).reduce(0, +) == 162)
            #expect(state.profiles.map(\.source).sorted() == state.forbidden.counters.map(\.source).sorted())

            let address = SourceAddress.address(try #require(IPAddress("127.0.0.6")))
            let counter = try #require(state.forbidden.counters.first { $0.source.address == address })
            let profile = try #require(state.profiles.first { $0.source.address == address })
            #expect(counter.requests == 50 && counter.requestsLastHour(at: counter.lastSeen) == 50)
            // More than ten: the last one is among the newest.
            #expect(
                profile.evidence.values(.requestURI) == [
                    "/api/v1/pods", "/api/v1/namespaces/kube-system/secrets", "/apis/apps/v1/deployments",
                    "/api/v1/nodes?limit=1&x=a%20b", "/apis/batch/v1/jobs", "/metrics", "/logs", "/swagger.json",
                    "/.git/config", "/actuator/env",
                    "/api/v1/namespaces/default/pods/%3Cscript%3Ealert(1)%3C/script%3E",
                ])
            #expect(profile.evidence.values(.requestURI, of: .forbidden).count == 11)
            #expect(profile.evidence.outcomes.outcomes == [.forbidden])
            #expect(profile.evidence.values(.user) == ["system:anonymous"])
            #expect(profile.evidence.values(.responseCode) == ["403"])
            #expect(!profile.evidence.newestTexts.isEmpty)
            #expect(profile.paths.entries.count == 11)
            #expect(profile.lastRequests.count == 5 && profile.lastRequests.last == counter.lastRequest)
            #expect(counter.lastRequest?.auditID == "af7f458d-d56f-4ba2-9848-a1f53d362bd8")
            #expect(state.profiles.allSatisfy { !$0.evidence.firstTexts.isEmpty })
        }
    }

    @Test("goes on: the log that was read is recognised, and a new request is counted")
    func goesOn() async throws {
        try await withTemporaryDirectory { directory in
            try Self.make(in: directory)
            let (store, stored) = try StateStore.open(directory)
            let now = 1_796_100_000.0
            var detector = AccessScanningDetector([.forbidden], restoring: stored.detection, at: now)
            var scanner = EventScanner(selecting: [.unauthenticatedForbidden])
            let lines = try Fixture.bytes("audit-logs/metadata.log")
            for selected in scanner.scan(lines: lines.span.bytes).events {
                detector.observe(selected.event, of: 0, at: now)
            }
            #expect(Self.sum(detector.ledgers[0].counts.sources.counters) == 162)
            detector.observe(AuditEvent(auditID: "new", requestURI: "/new", sourceIPs: ["127.0.0.6"]), of: 0, at: now)
            try await store.commit(
                Checkpoint(detection: detector.takeChanges(), positions: [], reading: ReadingTotals(), time: now))
            store.close()
            let again = try StateStore.open(directory).stored.detection
            #expect(Self.sum(again.forbidden.counters) == 163)
            let profile = try #require(again.profiles.first { $0.source.address.description == "127.0.0.6" })
            #expect(profile.evidence.values(.requestURI).last == "/new")
            #expect(profile.evidence.values(.requestURI).count == 12)
        }
    }
}
