import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("With a full budget, an allowed request")
struct SingleRequestThresholdTests {
    private static let analytics: [Analytic] = [.forbidden, .unauthorized, .allowed]

    /// Counts requests, and restarts.
    private struct Requests {
        let limits: SourceLimits
        var detector: AccessScanningDetector
        private var state = DetectionState()
        private var number = 0

        init(_ limits: SourceLimits) {
            self.limits = limits
            detector = AccessScanningDetector(analytics, limits: limits, restoring: state, at: 0)
        }

        mutating func add(_ address: String, of analytic: Int = 2, at time: Double) {
            number += 1
            detector.observe(AuditEvent(auditID: "\(number)", sourceIPs: [address]), of: analytic, at: time)
        }

        mutating func restart(at time: Double) {
            state.write(detector.takeChanges())
            detector = AccessScanningDetector(analytics, limits: limits, restoring: state, at: time)
        }

        var counts: SourceCounts { detector.ledgers[2].counts.sources }

        func shown(_ address: String) -> UInt64? {
            counts.counters.first { "\($0.source.address)" == address }?.requests
        }
    }

    @Test("gives its source a counter that displaces a source without any within the hour")
    func displaces() {
        var requests = Requests(SourceLimits(verified: 10))
        for number in 1...10 { requests.add("198.51.100.\(number)", at: Double(1000 + number)) }
        requests.add("192.0.2.1", at: 4700)
        #expect(requests.shown("192.0.2.1") == 1 && requests.shown("other") == nil)
        #expect(requests.shown("198.51.100.1") == nil && requests.shown("198.51.100.2") == 1)
        #expect(requests.counts.retiredRequests == 1 && requests.counts[.verified].untrackedRequests == 0)
    }

    @Test("is untracked if all others had one within the hour, and so is each that follows")
    func untracked() {
        var requests = Requests(SourceLimits(verified: 10))
        for number in 1...10 { requests.add("198.51.100.\(number)", at: 1000) }
        for count in 1...7 {
            requests.add("192.0.2.1", at: 2000)
            #expect(requests.counts[.verified].untrackedRequests == UInt64(count))
            if count == 4 { requests.restart(at: 2000) }
        }
        #expect(requests.shown("192.0.2.1") == nil && requests.shown("other") == 7)
        #expect((1...10).allSatisfy { requests.shown("198.51.100.\($0)") == 1 })
        // Later there is a place. What was counted under `other` stays there.
        requests.add("192.0.2.1", at: 4700)
        #expect(requests.shown("192.0.2.1") == 1 && requests.shown("other") == 7)
    }

    @Test("does not need a sixth one; a refused request still does")
    func otherOutcomes() {
        var requests = Requests(SourceLimits(verified: 10))
        for number in 1...10 { for analytic in 0...2 { requests.add("198.51.100.\(number)", of: analytic, at: 1000) } }
        for analytic in 0...2 { requests.add("192.0.2.1", of: analytic, at: 4000) }
        for ledger in requests.detector.ledgers {
            #expect(!ledger.counts.sources.counters.contains { "\($0.source.address)" == "192.0.2.1" })
        }
        #expect(requests.detector.ledgers.map { $0.counts.sources[.verified].untrackedRequests } == [0, 0, 1])
        for _ in 0..<5 { for analytic in 0...1 { requests.add("192.0.2.1", of: analytic, at: 4000) } }
        for ledger in requests.detector.ledgers[...1] {
            #expect(ledger.counts.sources.counters.contains { "\($0.source.address)" == "192.0.2.1" })
        }
    }

    @Test("has a counter or is untracked, the sum is exact, and births are bounded, whatever arrives", arguments: 0..<6)
    func any(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let limits = SourceLimits(verified: 20, retention: seed % 2 == 0 ? 7200 : 100)
        var requests = Requests(limits)
        var time = 1_000_000.0
        var (count, births, present) = (0, [Double](), Set<Source>())
        for step in 0..<3000 {
            time += Double.random(in: 0...(Int.random(in: 0..<300, using: &random) == 0 ? 5000 : 6), using: &random)
            let address = "198.51.100.\(Int.random(in: 0..<(step % 1000 < 500 ? 25 : 250), using: &random))"
            let before = requests.counts[.verified].untrackedRequests
            requests.add(address, at: time)
            count += 1
            let counts = requests.counts
            let isUntracked = counts[.verified].untrackedRequests > before
            try #require((requests.shown(address) == nil) == isUntracked, "step \(step)")
            try #require(counts.counters.map(\.requests).reduce(counts.retiredRequests, +) == UInt64(count))
            let sources = Set(counts.counters.map(\.source).filter { $0.address != .other })
            births += sources.subtracting(present).map { _ in time }
            present = sources
            if step % 50 == 0 { requests.detector.retireSilentSources(at: time) }
            if Int.random(in: 0..<300, using: &random) == 0 { requests.restart(at: time) }
        }
        var first = 0
        for (last, time) in births.enumerated() {
            while births[first] <= time - 3600 { first += 1 }
            try #require(last - first + 1 <= 40, "at \(time)")
        }
    }
}
