import AccessScanning
import AuditEvents
import Testing
import TestSupport

/// No time that is kept or shown lies in the future of the exporter's clock.
@Suite("After the clock was wrong")
struct WrongClockTests {
    private static let now = 1_795_475_674.0
    private static let limits = SourceLimits(verified: 3, claimed: 3, networks: 3, retention: 7200)

    private static func event(_ address: String, _ id: Int, received: String = "2026-11-23T23:10:06Z") -> AuditEvent {
        AuditEvent(
            auditID: "\(id)", stage: "ResponseComplete", sourceIPs: [address], requestReceivedTimestamp: received,
            stageTimestamp: "\(id)")
    }

    private static func times(_ detector: AccessScanningDetector) -> [Double] {
        var times: [Double] = []
        for counter in detector.ledger.counts.counters {
            times += [counter.firstSeen, counter.lastSeen, counter.lastRequest?.received ?? 0]
            times += counter.recent.times.map { Double($0) }
        }
        for profile in detector.profiles.profiles {
            times += [profile.lastSeen] + profile.lastRequests.map { $0.received ?? 0 }
        }
        for counter in detector.networks.counters {
            times += [counter.firstSeen, counter.lastSeen] + counter.recent.times.map { Double($0) }
        }
        return times
    }

    /// A detection that a clock ten days ahead has gone through: three sources with a counter, one displaced.
    private static func ahead(_ state: DetectionState = DetectionState()) -> AccessScanningDetector {
        var detector = AccessScanningDetector([.forbidden], limits: limits, restoring: state, at: now)
        for number in 0..<4 {
            for request in 0..<3 {
                detector.observe(
                    event("192.0.\(number).1", 10 * number + request, received: "2099-01-01T00:00:00Z"),
                    at: now + 864_000 + Double(number))
            }
        }
        return detector
    }

    /// What is written of it.
    private static func state() -> DetectionState {
        var state = DetectionState()
        var detector = ahead(state)
        state.write(detector.takeChanges())
        return state
    }

    @Test("a state is restored as if everything in the future had happened now, and is written so")
    func restored() {
        let state = Self.state()
        #expect(state.forbidden.counters.allSatisfy { $0.firstSeen > Self.now })
        var detector = AccessScanningDetector([.forbidden], limits: Self.limits, restoring: state, at: Self.now)
        #expect(Self.times(detector).allSatisfy { $0 <= Self.now })
        #expect(detector.ledger.counts.counters.map(\.requests).reduce(0, +) == 12)
        let changes = detector.takeChanges().forbidden
        #expect(changes.counters.count == 4 && changes.counters.allSatisfy { $0.firstSeen <= Self.now })
        #expect(changes.networks.count == 4 && changes.networks.allSatisfy { $0.lastSeen <= Self.now })
        let displaced = changes.displacedSources[.verified]?.pages.values.joined().filter { $0.fingerprint != 0 }
        #expect(displaced?.map { Double($0.newest) } == [Self.now])
    }

    @Test("a restored source is retired after the retention, not years later")
    func retention() {
        var detector = AccessScanningDetector([.forbidden], limits: Self.limits, restoring: Self.state(), at: Self.now)
        detector.retireSilentSources(at: Self.now + 7200)
        #expect(detector.ledger.counts.counters.count == 4)
        detector.retireSilentSources(at: Self.now + 7201)
        #expect(detector.ledger.counts.counters.isEmpty)
        #expect(detector.networks.counters.isEmpty)
        #expect(detector.ledger.counts.retiredRequests == 12)
    }

    @Test("a restored source's requests leave the window an hour later, and a displaced one is remembered for an hour")
    func window() {
        let restored = {
            AccessScanningDetector([.forbidden], limits: Self.limits, restoring: Self.state(), at: Self.now)
        }
        let detector = restored()
        #expect(!detector.ledger.counts.quietSources(at: Self.now + 3599).isEmpty)
        #expect(detector.ledger.counts.quietSources(at: Self.now + 3601).isEmpty)
        // The source without a counter has 3 requests, which are given back within the hour.
        for (time, requests) in [(Self.now + 3500, UInt64(6)), (Self.now + 3700, 3)] {
            var detector = restored()
            for request in 0..<3 { detector.observe(Self.event("192.0.3.1", 100 + request), at: time) }
            let shown = detector.ledger.counts.counters.first { "\($0.source.address)" == "192.0.3.1" }
            #expect(shown?.requests == requests)
            #expect(shown.map { $0.firstSeen <= time } == true)
        }
    }

    @Test("a clock that is turned back while running changes times at the next upkeep, and hides no scan")
    func turnedBack() {
        var detector = Self.ahead()
        for request in 0..<3 { detector.observe(Self.event("192.0.3.1", 200 + request), at: Self.now) }
        detector.retireSilentSources(at: Self.now + 30)
        #expect(Self.times(detector).allSatisfy { $0 <= Self.now + 30 })
        // With its six requests it scans: others that come once do not take its place.
        for number in 0..<20 { detector.observe(Self.event("198.51.\(number).1", 300 + number), at: Self.now + 60) }
        let shown = detector.ledger.counts.counters.first { "\($0.source.address)" == "192.0.3.1" }
        #expect(shown?.requests == 6)
        detector.retireSilentSources(at: Self.now + 60 + 7201)
        #expect(detector.ledger.counts.counters.isEmpty)
        #expect(detector.ledger.counts.retiredRequests == 35)
    }

    @Test("pages of counters without a future time stay shared when the clock is turned back a little")
    func littleBack() {
        var detector = AccessScanningDetector([.forbidden])
        for number in 0..<1000 { detector.observe(Self.event("10.0.\(number / 250).\(number % 250)", number), at: 100) }
        detector.observe(Self.event("10.0.0.7", 2000), at: 200)
        let before = detector.ledger.counts.counters.parts[0]
        detector.retireSilentSources(at: 199.5)
        let after = detector.ledger.counts.counters.parts[0]
        #expect(
            after.pages.indices.map { after.sharesPage($0, with: before) } == [false] + Array(repeating: true, count: 7)
        )
        #expect(after[7].lastSeen == 199.5)
    }

    @Test("a request is received no later than it is counted, whatever the API server's clock says")
    func received() {
        var detector = AccessScanningDetector([.forbidden])
        detector.observe(Self.event("192.0.2.1", 1, received: "9999-12-31T23:59:59Z"), at: Self.now)
        #expect(detector.ledger.counts.counters.map(\.lastRequest?.received) == [Self.now])
        detector.observe(Self.event("192.0.2.1", 2, received: "2026-11-23T23:10:06Z"), at: Self.now)
        #expect(detector.ledger.counts.counters.map(\.lastRequest?.received) == [1_795_475_406])
    }

    @Test(
        "no time in a damaged state is fatal, and none is in the future",
        arguments: [
            .nan, .infinity, -.infinity, 1e300, -1e300, 9.3e18, -9.3e18, Double(UInt32.max) + 1, -1,
            .leastNonzeroMagnitude,
        ] as [Double])
    func anyTime(time: Double) {
        var state = DetectionState()
        let addresses = [.invalid] + ["192.0.2.1", "192.0.2.2"].compactMap { IPAddress($0).map(SourceAddress.address) }
        let recent = RecentRequests(times: [.max, 0, 5, .max])
        for source in addresses {
            state.forbidden.counters.append(
                SourceCounter(
                    SourceSubject(Source(source, .verified)), location: .unknown, firstSeen: time, lastSeen: time,
                    requests: .max, recent: recent, lastRequest: RequestReference(auditID: "", received: time)))
            state.profiles.append(
                SourceProfile(
                    source: Source(source, .verified), location: .unknown, lastSeen: time,
                    paths: RecentPaths(entries: [.max, 5]),
                    lastRequests: [RequestReference(auditID: "", received: time)]))
        }
        state.forbidden.networks = [
            NetworkCounter(network: .invalid, firstSeen: time, lastSeen: time, requests: .max, recent: recent)
        ]
        state.forbidden.displacedSources[.verified] = DisplacedState(
            entries: [
                DisplacedCounter(fingerprint: 1, newest: .max, ages: SIMD4(repeating: .max)),
                DisplacedCounter(fingerprint: 2, newest: 3, ages: SIMD4(65534, 0, 9, 65535)),
                DisplacedCounter(fingerprint: 2, newest: 0, ages: SIMD4(repeating: 0)),
            ], next: 3, untrackedRequests: .max)
        var detector = AccessScanningDetector(
            [.forbidden], limits: SourceLimits(verified: 1, claimed: 0, networks: 0), restoring: state, at: Self.now)
        #expect(Self.times(detector).allSatisfy { $0 <= Self.now })
        for number in 0..<50 { detector.observe(Self.event("198.51.100.\(number % 30)", number), at: Self.now + 1) }
        detector.retireSilentSources(at: Self.now - 1e6)
        #expect(Self.times(detector).allSatisfy { $0 <= Self.now - 1e6 })
        detector.retireSilentSources(at: Self.now + 1e9)
        #expect(detector.ledger.counts.counters.isEmpty)
    }
}
