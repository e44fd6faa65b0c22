import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The counters by network")
struct NetworkLedgerTests {
    private static func detector(networks: Int = 5_000) -> AccessScanningDetector {
        let limits = SourceLimits(verified: 50, networks: networks)
        return AccessScanningDetector([.forbidden], limits: limits)
    }

    private static func event(_ sourceIPs: [String], _ number: Int) -> AuditEvent {
        AuditEvent(auditID: "\(number)", stage: "ResponseComplete", sourceIPs: sourceIPs, stageTimestamp: "\(number)")
    }

    private static func counts(_ detector: AccessScanningDetector) -> [String: UInt64] {
        Dictionary(
            uniqueKeysWithValues: detector.networks.counters.map { ("\($0.network)", $0.requests) })
    }

    @Test("count the verified address in its /24 or /64, and no claimed address")
    func networks() {
        var detector = Self.detector()
        for (number, sourceIPs) in [
            ["203.0.113.9", "192.0.2.1"], ["192.0.2.200"], ["192.0.3.1"], ["::ffff:192.0.2.7"], ["2001:db8:1:2:3::1"],
            ["2001:db8:1:2::"], ["2001:db8:1:3::"], ["nonsense"], [],
        ].enumerated() { detector.observe(Self.event(sourceIPs, number), at: 10) }
        #expect(
            Self.counts(detector) == [
                "192.0.2.0/24": 3, "192.0.3.0/24": 1, "2001:db8:1:2::/64": 2, "2001:db8:1:3::/64": 1, "invalid": 2,
            ])
        let quiet = detector.ledger.counts.quietSources(at: 11)
        let byName = Dictionary(uniqueKeysWithValues: quiet.map { ("\($0.key)", $0.value.sources) })
        #expect(byName["192.0.2.0/24"] == 3)
        #expect(byName["2001:db8:1:2::/64"] == 2)
        #expect(detector.ledger.counts.quietSources(at: 3700).filter { $0.key != .invalid }.isEmpty)
    }

    @Test("treat a source as quiet until it scans, and again after the hour")
    func quietSources() {
        var detector = Self.detector()
        let quiet = { (detector: AccessScanningDetector, time: Double) in
            detector.ledger.counts.quietSources(at: time).values.map { [$0.sources, $0.requests] }
        }
        for number in 0..<5 { detector.observe(Self.event(["192.0.2.1"], number), at: 10) }
        #expect(quiet(detector, 11) == [[1, 5]])
        detector.observe(Self.event(["192.0.2.1"], 5), at: 1000)
        #expect(quiet(detector, 1001) == [])
        #expect(quiet(detector, 3611) == [[1, 1]])
        #expect(quiet(detector, 4601) == [])
    }

    @Test("have the same quiet sources whether they were looked at before or not", arguments: 0..<4)
    func quietAgain(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var detector = Self.detector()
        var kept = QuietNetworks()
        let texts = { (sums: QuietNetworks.Sums) in
            sums.map { "\($0.key) \($0.value.sources) \($0.value.requests)" }.sorted()
        }
        // Whole seconds, so that requests are often exactly an hour old. The clock is set back at times.
        var now = 100_000.0
        for round in 0..<400 {
            for number in 0..<Int.random(in: 0...3, using: &random) {
                let address = "10.0.\(Int.random(in: 0...3, using: &random)).\(Int.random(in: 0...99, using: &random))"
                detector.observe(Self.event([address], round * 10 + number), at: now)
            }
            now += Double([-40, 0, 1, 5, 60, 600].randomElement(using: &random) ?? 0)
            #expect(
                texts(kept.update(detector.ledger.counts, at: now))
                    == texts(detector.ledger.counts.quietSources(at: now)), "round \(round)")
        }
    }

    @Test("include quiet sources that have no counter, since the budget of sources is full")
    func quietWithoutCounters() {
        let limits = SourceLimits(verified: 50, networks: 10)
        var state = DetectionState()
        var detector = AccessScanningDetector([.forbidden], limits: limits, restoring: state, at: 0)
        let quiet = { (detector: AccessScanningDetector, time: Double) in
            let counts = detector.ledgers[0].counts
            return counts.networks?.quietSources(with: counts.sources.quietSources(at: time), at: time).filter {
                "\($0.network)" == "203.0.113.0/24"
            }.map { [$0.sources, $0.requests] }
        }
        // They take all places of sources and of networks.
        for number in 0..<60 { detector.observe(Self.event(["198.51.\(number).1"], number), at: 1000) }
        for number in 0..<30 { detector.observe(Self.event(["203.0.113.\(number)"], 100 + number), at: 1001) }
        #expect(quiet(detector, 1002) == [[30, 30]])
        state.write(detector.takeChanges())
        detector = AccessScanningDetector([.forbidden], limits: limits, restoring: state, at: 1100)
        for number in 0..<4 { detector.observe(Self.event(["203.0.113.1"], 200 + number), at: 1100) }
        #expect(quiet(detector, 1102) == [[30, 34]])
        // One of them scans now, and has its own alert.
        detector.observe(Self.event(["203.0.113.1"], 300), at: 1200)
        #expect(quiet(detector, 1202) == [[29, 29]])
        #expect(quiet(detector, 4500) == [[29, 29]])
        #expect(quiet(detector, 5200) == [[0, 0]])
    }

    @Test("have a separate budget; past it the sum stays exact")
    func budget() {
        var detector = Self.detector(networks: 3)
        for _ in 0..<6 { detector.observe(Self.event(["192.0.2.1"], 0), at: 10) }
        for number in 0..<20 { detector.observe(Self.event(["192.0.2.\(number)"], number), at: 10) }
        for number in 0..<100 { detector.observe(Self.event(["198.51.\(number).1"], 100 + number), at: 11) }
        let counts = Self.counts(detector)
        #expect(counts["192.0.2.0/24"] == 21)
        #expect(counts["other"] == 98)
        #expect(counts.values.reduce(0, +) == 121)
        #expect(detector.networks.use.tracked == 3)
        // The sources have their own budget.
        #expect(detector.ledger.counts[.verified].tracked == 50)
    }

    @Test("are retired after the same silence as sources, and stay in the sum")
    func retirement() {
        var detector = Self.detector()
        detector.observe(Self.event(["192.0.2.1"], 0), at: 10)
        detector.retireSilentSources(at: 10 + 24 * 3600)
        #expect(detector.networks.counters.count == 1)
        detector.retireSilentSources(at: 11 + 24 * 3600)
        #expect(detector.networks.counters.isEmpty)
        #expect(detector.networks.retiredRequests == 1)
    }
}
