import AccessScanning
import AuditEvents
import AuditSources
import Foundation
import GRDB
@testable import StateStore
import Testing
import TestSupport

// Serialized: each has files open, and another test counts the open files of the process.
@Suite("Stored state", .serialized)
struct RoundTripTests {
    private static let hostile = [
        "", "a\0b", "\0", "'; DROP TABLE source; --", "\"", "é", "e\u{301}", "\u{feff}", "\u{fffd}", "𝄞", "\r\n\t",
        String(repeating: "x", count: 100_000), "%s?1:name$x@y",
    ]

    /// Writes checkpoints one after the other, and opens the state again.
    private static func reopened(_ checkpoints: [Checkpoint]) async throws -> StoredState {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            for checkpoint in checkpoints { try await store.commit(checkpoint) }
            store.close()
            return try StateStore.open(directory).stored
        }
    }

    @Test("is only a key in a new directory, and that key is kept")
    func new() async throws {
        try withTemporaryDirectory { parent in
            let directory = parent.appending(path: "state")
            let (store, stored) = try StateStore.open(directory)
            #expect(store.damaged == nil)
            #expect(stored == StoredState(key: stored.detection.key))
            store.close()
            let (again, same) = try StateStore.open(directory)
            #expect(same == stored)
            again.close()
            let other = try StateStore.open(parent.appending(path: "other")).stored
            #expect(other.detection.key != stored.detection.key)
            let mode = { (file: URL) in
                try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
            }
            #expect(try mode(directory).map { $0 & 0o027 } == 0)
            #expect(try mode(directory.appending(path: "state.db")) == 0o600)
        }
    }

    @Test("is restored unchanged, whatever clients wrote", arguments: hostile)
    func hostileText(text: String) async throws {
        var counter = Samples.counter("2001:db8::1", auditID: text, country: text)
        var position = Samples.position(text, inode: 1, offset: .max, content: text, isInSkippedLine: true)
        position.head = .max - FilePosition.longestHead - 1 ..< .max - 1
        let reading = ReadingTotals(inputs: [text: ReadingTotals.Input(lines: 1)])
        var checkpoint = Checkpoint.of(counters: [counter], positions: [position], reading: reading)
        checkpoint.detection.filteredRequests = [text: 4]
        let stored = try await Self.reopened([checkpoint])
        #expect(stored.detection.filteredRequests.map(\.key.utf8).first?.elementsEqual(text.utf8) == true)
        #expect(stored.detection.filteredRequests[text] == 4)
        #expect(stored.detection.forbidden.counters == [counter])
        #expect(stored.positions == [position])
        #expect(stored.reading.inputs == reading.inputs)
        // Swift compares strings by canonical equivalence, not by bytes.
        let auditID = stored.detection.forbidden.counters.first?.lastRequest?.auditID ?? ""
        #expect(auditID.utf8.elementsEqual((counter.lastRequest?.auditID ?? "").utf8))
        #expect(stored.detection.forbidden.counters.first?.location.country.utf8.elementsEqual(text.utf8) == true)
        #expect(stored.positions.first?.path.utf8.elementsEqual(text.utf8) == true)
        counter = Samples.counter("192.0.2.1", 3)
        #expect(try await Self.reopened([.of(counters: [counter])]).detection.forbidden.counters == [counter])
    }

    @Test("keeps numbers exactly", arguments: [0, 1, 9_007_199_254_740_993, UInt64(Int64.max), 1 << 63, .max])
    func counts(count: UInt64) async throws {
        let counter = Samples.counter("192.0.2.1", count)
        let input = ReadingTotals.Input(lines: count, bytes: count, malformed: count, oversized: count)
        var position = Samples.position("/log", inode: count)
        position.inode.device = count
        var checkpoint = Checkpoint.of(
            counters: [counter], positions: [position], reading: ReadingTotals(inputs: ["file": input]))
        checkpoint.detection.forbidden.retiredRequests = count
        checkpoint.detection.totals.duplicateEvents = count
        checkpoint.detection.totals.oldRequests = count
        checkpoint.detection.filteredRequests = ["a": count]
        let stored = try await Self.reopened([checkpoint])
        #expect(stored.detection.forbidden.counters == [counter])
        #expect(stored.positions == [position])
        #expect(stored.reading.inputs == ["file": input])
        #expect(stored.detection.forbidden.retiredRequests == count)
        #expect(stored.detection.totals == checkpoint.detection.totals)
        #expect(stored.detection.filteredRequests == ["a": count])
    }

    @Test(
        "keeps times exactly",
        arguments: [
            0.0, 0.1 + 0.2, 1_795_475_674.953_123, -1.5, Double.leastNonzeroMagnitude, Double.greatestFiniteMagnitude,
            9_007_199_254_740_992,
            Double.infinity, (1.0).nextUp,
        ])
    func times(time: Double) async throws {
        let source = Source(.invalid, .claimed)
        let reference = RequestReference(auditID: "", received: time)
        let counter = SourceCounter(
            SourceSubject(source), location: .unknown, firstSeen: time, lastSeen: time, requests: 1,
            lastRequest: reference)
        let profile = SourceProfile(
            source: source, location: .unknown, lastSeen: time, lastRequests: [reference, reference])
        var checkpoint = Checkpoint.of(
            counters: [counter], reading: ReadingTotals(lastEventTimestamp: time), time: time)
        checkpoint.detection.profiles.profiles = [profile]
        let stored = try await Self.reopened([checkpoint])
        #expect(stored.detection.profiles == [profile])
        #expect(stored.detection.forbidden.counters == [counter])
        #expect(stored.reading.lastEventTimestamp == time)
        #expect(stored.lastCheckpoint == time)
    }

    @Test("keeps what is known of sources without a counter")
    func uncounted() async throws {
        var checkpoint = Checkpoint.of()
        let uncounted = UncountedRequests(
            newest: .max, requests: SIMD16(repeating: 258),
            sources: SIMD16<UInt16>(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, .max))
        let networks = [
            NetworkCounter(network: .other, firstSeen: 1, lastSeen: 2, requests: 3, uncounted: uncounted),
            NetworkCounter(
                network: .invalid, firstSeen: 1, lastSeen: 2, requests: 3,
                recent: RecentRequests(times: (1...101).reversed())),
        ]
        checkpoint.detection.forbidden.networks = networks
        let births = RecentBirths(minutes: [.init(minute: 1, count: 2), .init(minute: .max, count: .max)])
        checkpoint.detection.forbidden.displacedSources[.claimed] = DisplacedChanges(births: births)
        let stored = try await Self.reopened([checkpoint])
        #expect(stored.detection.forbidden.networks == networks)
        #expect(stored.detection.forbidden.displacedSources[.claimed] == DisplacedState(births: births))
    }

    @Test("distinguishes every kind of source, and of credentials")
    func sources() async throws {
        let addresses: [SourceAddress] =
            [.invalid, .other]
            + ["192.0.2.1", "::", "::1", "2001:db8::1:0:0:1", "::192.0.2.1"].compactMap(IPAddress.init).map {
                .address($0)
            }
        let counters = addresses.flatMap { address in
            Origin.allCases.flatMap { origin in
                ([nil] + Credentials.allCases).map { credentials in
                    SourceCounter(
                        SourceSubject(Source(address, origin), credentials), location: .unknown, firstSeen: 1,
                        lastSeen: 2, requests: 3)
                }
            }
        }
        #expect(counters.count == 56)
        #expect(try await Self.reopened([.of(counters: counters)]).detection.forbidden.counters == counters)
    }

    @Test("has counters in order of their creation, including one that was retired and returned")
    func order() async throws {
        let first = Samples.counter("192.0.2.1", firstSeen: 1)
        let second = Samples.counter("192.0.2.2", firstSeen: 2)
        let third = Samples.counter("192.0.2.3", firstSeen: 3)
        let back = Samples.counter("192.0.2.1", firstSeen: 4)
        let stored = try await Self.reopened([
            .of(counters: [third, second]), .of(counters: [first]),
            .of(counters: [back], retired: [third.subject]),
        ])
        #expect(stored.detection.forbidden.counters == [second, back])
    }

    @Test("keeps inputs and the newest event's time if a checkpoint does not contain them")
    func readingUntold() async throws {
        let file = ReadingTotals(inputs: ["file": ReadingTotals.Input(lines: 4)], lastEventTimestamp: 7)
        let stdin = ReadingTotals(inputs: ["stdin": ReadingTotals.Input(lines: 5)])
        let stored = try await Self.reopened([.of(reading: file), .of(reading: stdin)])
        #expect(stored.reading.inputs == file.inputs.merging(stdin.inputs) { $1 })
        #expect(stored.reading.lastEventTimestamp == 7)
    }

    @Test("is written even if the writing task is cancelled")
    func cancelled() async throws {
        try await withTemporaryDirectory { directory in
            let (store, _) = try StateStore.open(directory)
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await store.commit(.of(time: 5))
            }
            try await task.value
            store.close()
            #expect(try StateStore.open(directory).stored.lastCheckpoint == 5)
        }
    }
}
