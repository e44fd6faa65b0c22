import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The ledger of sources")
struct SourceLedgerTests {
    private func event(_ sourceIPs: [String], number: Int) -> AuditEvent {
        AuditEvent(auditID: "\(number)", stage: "ResponseComplete", sourceIPs: sourceIPs, stageTimestamp: "\(number)")
    }

    @Test("counts sources past a budget together, and never displaces verified ones by claimed ones")
    func budgets() {
        var detector = AccessScanningDetector([.forbidden], limits: SourceLimits(verified: 2, claimed: 3))
        for number in 0..<100 { detector.observe([event(["203.0.113.\(number)", "192.0.2.1"], number: number)]) }
        detector.observe([event(["192.0.2.2"], number: 100)])
        detector.observe([event(["192.0.2.3"], number: 101), event(["192.0.2.3"], number: 102)])
        detector.observe([event(["nonsense"], number: 103)])
        #expect(
            detector.counts == [
                "192.0.2.1 verified": 100, "192.0.2.2 verified": 1, "other verified": 2, "203.0.113.0 claimed": 1,
                "203.0.113.1 claimed": 1, "203.0.113.2 claimed": 1, "other claimed": 97, "invalid verified": 1,
            ])
        #expect(detector.ledger.counts[.verified].tracked == 2)
        #expect(detector.ledger.counts[.claimed].tracked == 3)
    }

    @Test("adds up to the number of counted addresses, whatever arrives and whatever is retired")
    func sum() {
        var random = SeededGenerator(seed: 11)
        var detector = AccessScanningDetector(
            [.forbidden], limits: SourceLimits(verified: 5, claimed: 4, retention: 10))
        var expected: UInt64 = 0
        for number in 0..<3000 {
            let sourceIPs = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                ["x", "192.0.2.\(Int.random(in: 0...20, using: &random))"].randomElement(using: &random) ?? ""
            }
            expected += UInt64(max(1, Set(sourceIPs).count))
            detector.observe(event(sourceIPs, number: number), at: Double(number))
            if Int.random(in: 0..<20, using: &random) == 0 { detector.retireSilentSources(at: Double(number)) }
            #expect(detector.sum == expected)
            #expect(detector.ledger.counts[.verified].tracked <= 5)
        }
        #expect(detector.ledger.counts.retiredRequests > 0)
    }

    @Test("continues from the counts of a damaged database even if their sum overflows")
    func hugeCounts() throws {
        let counters = try [UInt64.max, 3].enumerated().map { index, requests in
            SourceCounter(
                SourceSubject(Source(.address(try #require(IPAddress("192.0.2.\(index)"))), .verified)),
                location: .unknown, firstSeen: 0, lastSeen: 0, requests: requests)
        }
        var state = DetectionState()
        state.forbidden.counters = counters
        state.totals.duplicateEvents = .max
        var detector = AccessScanningDetector([.forbidden], restoring: state, at: 1)
        for _ in 0..<2 { detector.observe(event(["192.0.2.0"], number: 1), at: 1) }
        #expect(detector.ledger.counts.counters.map(\.requests) == [0, 3])
        #expect(detector.duplicateEvents == 0)
        detector.retireSilentSources(at: 1e9)
        #expect(detector.ledger.counts.retiredRequests == 3)
    }

    @Test("retires a source that was silent for longer than the retention; it returns as a new counter")
    func retirement() throws {
        var ledger = SourceLedger(limits: SourceLimits(retention: 100))
        let one = Source(.address(try #require(IPAddress("192.0.2.1"))), .verified)
        let two = Source(.address(try #require(IPAddress("192.0.2.2"))), .verified)
        let reference = RequestReference(auditID: "", received: nil)
        for time in [0.0, 50] { ledger.count(SourceSubject(one), reference, at: time) { _ in .unknown } }
        ledger.count(SourceSubject(two), reference, at: 100) { _ in .unknown }
        ledger.retireSilentSources(at: 150)
        #expect(ledger.counts.counters.map(\.source) == [one, two])
        ledger.retireSilentSources(at: 151)
        #expect(ledger.counts.counters.map(\.source) == [two])
        #expect(ledger.counts[.verified].tracked == 1)
        #expect(ledger.counts.retiredRequests == 2)
        ledger.count(SourceSubject(one), reference, at: 160) { _ in .unknown }
        ledger.count(SourceSubject(two), reference, at: 160) { _ in .unknown }
        #expect(ledger.counts.counters.map(\.source) == [two, one])
        #expect(ledger.counts.counters.map(\.requests) == [2, 1])
        #expect(ledger.counts.counters.map(\.firstSeen) == [100, 160])
    }

    @Test("does not keep a long audit ID of a client, and counts its request")
    func longAuditID() throws {
        var detector = AccessScanningDetector([.forbidden])
        for length in [128, 129, 1_000_000] {
            detector.observe(
                AuditEvent(auditID: String(repeating: "a", count: length), sourceIPs: ["192.0.2.\(length % 200)"]),
                at: 1)
        }
        let kept = detector.ledger.counts.counters.map { $0.lastRequest?.auditID.utf8.count ?? 0 }
        #expect(kept == [128, 0, 0])
        #expect(detector.sum == 3)
    }

    @Test("looks a location up once, when the counter is created, and only for addresses")
    func locations() throws {
        var ledger = SourceLedger(limits: SourceLimits(verified: 0))
        let past = Source(.address(try #require(IPAddress("192.0.2.1"))), .verified)
        let source = Source(.address(try #require(IPAddress("192.0.2.2"))), .claimed)
        let reference = RequestReference(auditID: "", received: nil)
        var asked: [String] = []
        for name in ["first", "second"] {
            for counted in [source, past, Source(.invalid, .verified)] {
                ledger.count(SourceSubject(counted), reference, at: 0) { address in
                    asked.append("\(address)")
                    return Location(country: name, city: "")
                }
            }
        }
        #expect(asked == ["192.0.2.2"])
        #expect(ledger.counts.counters.map(\.location.country) == ["", "", "first"])
    }

    @Test("shares all pages of counters with an earlier snapshot except those with a changed counter")
    func snapshots() {
        var detector = AccessScanningDetector([.forbidden])
        for number in 0..<5000 {
            detector.observe(
                event(
                    ["203.0.\(number / 250).\(number % 250)", "10.0.\(number / 250).\(number % 250)"], number: number),
                at: 1)
        }
        _ = detector.takeChanges()
        let before = detector.ledger.counts.counters
        detector.observe(event(["10.0.4.7"], number: 5000), at: 2)
        let changes = detector.takeChanges()
        #expect(changes.forbidden.counters.count == 1)
        let after = detector.ledger.counts.counters
        let copied = zip(before.parts, after.parts).flatMap { before, after in
            after.pages.indices.filter { !after.sharesPage($0, with: before) }
        }
        #expect(copied == [1007 / 128])
        #expect(before.parts[0][1007].requests == 1 && after.parts[0][1007].requests == 2)
    }

    @Test("keeps each source at its index while it has a counter, except the last one, which fills a gap")
    func places() {
        var random = SeededGenerator(seed: 17)
        var detector = AccessScanningDetector(
            [.forbidden], limits: SourceLimits(verified: 200, claimed: 50, retention: 300))
        var moved = 0
        for number in 0..<3000 {
            let before = detector.ledger.counts.counters.parts.map { $0.map(\.source) }
            detector.observe(
                event(
                    ["192.0.\(Int.random(in: 0..<3, using: &random)).\(Int.random(in: 0..<250, using: &random))"],
                    number: number), at: Double(number))
            if number % 100 == 99 { detector.retireSilentSources(at: Double(number)) }
            let after = detector.ledger.counts.counters.parts.map { $0.map(\.source) }
            #expect(after.count == before.count)
            for (before, after) in zip(before, after) {
                let places = Dictionary(uniqueKeysWithValues: after.enumerated().map { ($1, $0) })
                let removed = before.count { places[$0] == nil }
                let changed = before.enumerated().filter { places[$1] != nil && places[$1] != $0 }
                #expect(changed.count <= removed, "step \(number)")
                moved += changed.count
            }
        }
        #expect(moved > 0)
    }
}
