import AccessScanning
import AuditEvents
import AuditSources
import Foundation
@testable import StateStore
import Testing
import TestSupport

@Suite("Several analytics in one state")
struct AnalyticsTests {
    private static func analytic(_ name: String) -> Analytic {
        Analytic(
            name: name, meaning: name, selector: .unauthenticatedForbidden,
            sources: .init(requests: "\(name)_total", firstSeen: "\(name)_first_seen"),
            networks: .init(requests: "\(name)_network_total", firstSeen: "\(name)_network_first_seen"))
    }

    private static let limits = SourceLimits(verified: 2, claimed: 2, networks: 2)

    /// Restores, counts some requests of each analytic, and writes.
    private static func count(
        _ analytics: [Analytic], _ store: StateStore, _ stored: StoredState, from first: Int, at time: Double
    ) async throws -> AccessScanningDetector {
        var detector = AccessScanningDetector(analytics, limits: limits, restoring: stored.detection, at: time)
        for number in first..<first + 30 {
            let index = number % analytics.count
            detector.observe(
                AuditEvent(auditID: "\(number)", sourceIPs: ["203.0.113.\(number)", "192.0.\(number % 7).\(index)"]),
                of: index, at: time)
        }
        try await store.commit(
            Checkpoint(detection: detector.takeChanges(), positions: [], reading: ReadingTotals(), time: time))
        return detector
    }

    private static func shown(_ detector: AccessScanningDetector, _ name: String) -> Set<SourceCounter> {
        Set(detector.ledgers.first { $0.analytic.name == name }?.counts.sources.counters.map(\.self) ?? [])
    }

    @Test("stay apart, and one that is left out for a while loses nothing")
    func leftOut() async throws {
        try await withTemporaryDirectory { directory in
            let all = ["forbidden", "allowed"].map(Self.analytic)
            let (first, stored) = try StateStore.open(directory)
            let both = try await Self.count(all, first, stored, from: 0, at: 10)
            first.close()

            let (second, found) = try StateStore.open(directory)
            #expect(found.detection.analytics.keys.sorted() == ["allowed", "forbidden"])
            for analytic in all {
                let state = try #require(found.detection.analytics[analytic.name])
                #expect(Set(state.counters) == Self.shown(both, analytic.name))
                #expect(state.counters.map(\.requests).reduce(0, +) == 30)
                #expect(state.networks.map(\.requests).reduce(0, +) == 15)
                #expect(state.displacedSources[.verified]?.entries.isEmpty == false)
            }
            let one = try await Self.count([all[0]], second, found, from: 100, at: 20)
            #expect(one.ledgers.count == 1)
            second.close()

            let (third, again) = try StateStore.open(directory)
            #expect(again.detection.analytics["allowed"] == found.detection.analytics["allowed"])
            let restored = AccessScanningDetector(
                all.reversed(), limits: Self.limits, restoring: again.detection, at: 20)
            #expect(Self.shown(restored, "allowed") == Self.shown(both, "allowed"))
            #expect(Self.shown(restored, "forbidden") == Self.shown(one, "forbidden"))
            third.close()
        }
    }
}
