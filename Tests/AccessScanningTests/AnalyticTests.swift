import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("Several analytics")
struct AnalyticTests {
    /// Made up: another outcome is another value in a list.
    private static let analytics = ["forbidden", "allowed", "unauthorized"].enumerated().map { index, name in
        Analytic(
            name: name, meaning: name, selector: .unauthenticatedForbidden, distinguishesCredentials: index == 2,
            sources: .init(requests: "\(name)_total", firstSeen: "\(name)_first_seen"),
            networks: index == 1
                ? nil : .init(requests: "\(name)_network_total", firstSeen: "\(name)_network_first_seen"))
    }
    private static let limits = SourceLimits(verified: 6, claimed: 3, networks: 4, retention: 50)
    private static let key = SipHash128.Key(first: 5, second: 6)

    private static func sum(_ counts: SourceCounts) -> UInt64 {
        counts.counters.map(\.requests).reduce(counts.retiredRequests, +)
    }

    @Test(
        "count side by side, each as if it were alone, through commits, failed commits and restarts", arguments: 0..<4,
        [false, true])
    func sideBySide(seed: Int, restarts: Bool) {
        var random = SeededGenerator(seed: UInt64(seed))
        var kept = DetectionState(key: Self.key)
        let detector = { (analytics: [Analytic], state: DetectionState, now: Double) in
            AccessScanningDetector(analytics, limits: Self.limits, restoring: state, at: now)
        }
        var together = detector(Self.analytics, kept, 0)
        var alone = Self.analytics.map { detector([$0], kept, 0) }
        var addresses: [UInt64] = [0, 0, 0]
        var verified: [UInt64] = [0, 0, 0]
        for step in 0..<600 {
            let time = Double(step)
            let index = Int.random(in: 0..<3, using: &random)
            let sourceIPs = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                "192.0.\(Int.random(in: 0..<8, using: &random)).\(Int.random(in: 0..<4, using: &random))"
            }
            let event = AuditEvent(
                auditID: "\(step)", stage: "ResponseComplete", sourceIPs: sourceIPs,
                responseMessage: Self.messages.randomElement(using: &random) ?? nil, stageTimestamp: "\(step)")
            let before = others(of: together)
            together.observe(event, of: index, at: time)
            alone[index].observe(event, of: 0, at: time)
            addresses[index] += UInt64(Set(sourceIPs).count)
            let after = others(of: together)
            for (key, requests) in before {
                #expect(after[key, default: 0] >= requests, "\(key) fell at step \(step)")
            }
            verified[index] += 1
            switch Int.random(in: 0..<20, using: &random) {
            case 0...2: kept.write(together.takeChanges())
            case 3: together.putBack(together.takeChanges())
            case 4 where restarts:
                kept.write(together.takeChanges())
                together = detector(Self.analytics, kept, time)
            case 5:
                together.retireSilentSources(at: time)
                for index in alone.indices { alone[index].retireSilentSources(at: time) }
            default: break
            }
            for index in alone.indices {
                let counts = together.ledgers[index].counts
                #expect(Self.sum(counts.sources) == addresses[index], "\(counts.analytic.name), step \(step)")
                #expect(
                    counts.networks.map { $0.counters.map(\.requests).reduce($0.retiredRequests, +) }
                        == (index == 1 ? nil : verified[index]), "\(counts.analytic.name), step \(step)")
                #expect(counts.sources[.verified].tracked <= 6 && counts.sources[.claimed].tracked <= 3)
                // A restart may change which of several sources last seen together is displaced.
                guard !restarts else { continue }
                let expected = alone[index].ledgers[0].counts
                #expect(Set(counts.sources.counters) == Set(expected.sources.counters), "step \(step)")
                #expect(counts.sources.origins == expected.sources.origins, "step \(step)")
            }
        }
        #expect(together.ledgers.allSatisfy { $0.counts.sources.retiredRequests > 0 })
    }

    private static let messages = [
        nil, "Authentication failed, no credentials provided", "Authentication failed, attempted: bearer",
    ]

    /// The requests of all sources without a counter, by analytic and credentials.
    private func others(of detector: AccessScanningDetector) -> [String: UInt64] {
        var others: [String: UInt64] = [:]
        for ledger in detector.ledgers {
            for counter in ledger.counts.sources.counters where counter.source.address == .other {
                let credentials = counter.credentials?.rawValue ?? ""
                others["\(ledger.analytic.name) \(counter.source.origin) \(credentials)"] = counter.requests
            }
        }
        return others
    }

    @Test("share the recognition of requests and the filter")
    func shared() {
        let filter = RequestFilter(entries: [
            FilterEntry(name: "probe", networks: [Network("192.0.2.1/32")].compactMap(\.self))
        ])
        var detector = AccessScanningDetector(Self.analytics, filter: filter)
        let event = { AuditEvent(auditID: $0, sourceIPs: [$1]) }
        detector.observe(event("a", "192.0.2.2"), of: 0, at: 1)
        detector.observe(event("a", "192.0.2.2"), of: 1, at: 1)
        detector.observe(event("b", "192.0.2.1"), of: 0, at: 1)
        detector.observe(event("c", "192.0.2.1"), of: 2, at: 1)
        #expect(detector.ledgers.map { Self.sum($0.counts.sources) } == [1, 0, 0])
        #expect(detector.duplicateEvents == 1)
        #expect(detector.filteredRequests == ["probe": 2])
    }
}
