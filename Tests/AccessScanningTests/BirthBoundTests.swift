import AuditEvents
import Testing
import TestSupport

@testable import AccessScanning

@Suite("The counters that are created within an hour")
struct BirthBoundTests {
    /// Counts requests, restarts, and compares each step with a plain model.
    private struct History {
        struct Birth {
            var time: Double
            var subject: String
            var isScan: Bool
        }

        let limits: SourceLimits
        var detector: AccessScanningDetector
        var state = DetectionState()
        var births: [Birth] = []
        private var number = 0
        private var verifiedRequests = 0
        private var requests: [String: [Double]] = [:]
        /// The last value and creation time of each counter that was ever shown.
        private var shown: [String: (requests: UInt64, firstSeen: Double)] = [:]
        private var present: Set<String> = []
        private var other: [String: UInt64] = [:]

        init(_ limits: SourceLimits) {
            self.limits = limits
            detector = AccessScanningDetector([.forbidden], limits: limits, restoring: state, at: 0)
        }

        private struct Counter {
            var subject: String
            var requests: UInt64
            var firstSeen: Double
        }

        private var counters: [Counter] {
            let counts = detector.ledgers[0].counts
            return counts.sources.counters.map {
                Counter(
                    subject: "\($0.source.address) \($0.source.origin)", requests: $0.requests, firstSeen: $0.firstSeen)
            }
                + (counts.networks?.counters.map {
                    Counter(subject: "\($0.network) network", requests: $0.requests, firstSeen: $0.firstSeen)
                } ?? [])
        }

        mutating func request(verified: String, claimed: String? = nil, at time: Double) throws {
            number += 1
            verifiedRequests += 1
            detector.observe(
                AuditEvent(auditID: "\(number)", sourceIPs: (claimed.map { [$0] } ?? []) + [verified]), of: 0, at: time)
            requests["\(verified) verified", default: []].append(time)
            if let claimed { requests["\(claimed) claimed", default: []].append(time) }
            let network = try #require(IPAddress(verified).map { SourceNetwork(.address($0)) })
            requests["\(network.map { "\($0)" } ?? "") network", default: []].append(time)
            try check(at: time)
        }

        private mutating func check(at time: Double) throws {
            let counters = counters
            for counter in counters {
                if counter.subject.hasPrefix("other") {
                    try #require(counter.requests >= other[counter.subject] ?? 0, "\(counter.subject) fell")
                    other[counter.subject] = counter.requests
                    continue
                }
                if let last = shown[counter.subject], last.firstSeen == counter.firstSeen {
                    try #require(
                        counter.requests >= last.requests,
                        "\(counter.subject), created at \(last.firstSeen), fell from \(last.requests) at \(time)")
                }
                shown[counter.subject] = (counter.requests, counter.firstSeen)
                if !present.contains(counter.subject) {
                    let isScan = recent(counter.subject, at: time) > limits.threshold
                    births.append(Birth(time: time, subject: counter.subject, isScan: isScan))
                }
            }
            present = Set(counters.map(\.subject))
            // Like any counter, it is retired after a long silence.
            other = other.filter { present.contains($0.key) }
            let counts = detector.ledgers[0].counts
            let networks = counts.networks ?? NetworkCounts()
            try #require(
                networks.counters.map(\.requests).reduce(networks.retiredRequests, +) == UInt64(verifiedRequests))
        }

        func recent(_ subject: String, at time: Double) -> Int {
            requests[subject, default: []].reversed().prefix { time - $0.rounded(.down) < ScanningThreshold.window }
                .count
        }

        /// Subjects over the threshold without a counter that has all these requests.
        func missed(at time: Double) -> [String] {
            requests.keys.filter { subject in
                let recent = recent(subject, at: time)
                return recent > limits.threshold && shown[subject]?.requests ?? 0 < UInt64(recent)
            }
        }

        mutating func restart(at time: Double) {
            state.write(detector.takeChanges())
            detector = AccessScanningDetector([.forbidden], limits: limits, restoring: state, at: time)
        }

        /// The largest number of counters within any hour that were created for subjects that do not scan.
        func mostBirths(of kind: String) -> Int {
            let times = births.filter { !$0.isScan && $0.subject.hasSuffix(kind) }.map(\.time)
            var most = 0
            var first = 0
            for (last, time) in times.enumerated() {
                while times[first] <= time - 3600 { first += 1 }
                most = max(most, last - first + 1)
            }
            return most
        }
    }

    @Test("are as many as the budget in a flood of single requests, and no more after it has filled")
    func flood() throws {
        var history = History(SourceLimits(verified: 50, claimed: 20, networks: 30))
        for number in 0..<3000 {
            let time = Double(number)
            try history.request(
                verified: "2001:db8:\(String(number, radix: 16))::1", claimed: "fd00::\(String(number, radix: 16))",
                at: time)
            if number % 500 == 0 { try history.request(verified: "203.0.113.7", at: time) }
            if number % 700 == 0 { history.restart(at: time) }
        }
        #expect(history.births.count { $0.subject.hasSuffix("verified") && !$0.isScan } == 50)
        #expect(history.births.count { $0.subject.hasSuffix("claimed") } == 20)
        #expect(history.births.count { $0.subject.hasSuffix("network") && !$0.isScan } == 30)
        #expect(history.missed(at: 2999).isEmpty)
    }

    @Test("are bounded, no counter falls, and no scan is missed, whatever arrives", arguments: 0..<6)
    func any(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let limits = SourceLimits(
            verified: 40, claimed: 20, networks: 30, retention: 7200, threshold: seed % 3 == 2 ? 3 : 5)
        var history = History(limits)
        var time = 1_000_000.0
        for step in 0..<3000 {
            let isPause = Int.random(in: 0..<700, using: &random) == 0
            time += Double.random(in: isPause ? 4000...9000 : 0...6, using: &random)
            let few = Int.random(in: 0..<6, using: &random) == 0
            let address = { (random: inout SeededGenerator) in
                few
                    ? "203.0.113.\(Int.random(in: 0..<3, using: &random))"
                    : "198.51.\(Int.random(in: 0..<250, using: &random)).\(Int.random(in: 0..<8, using: &random))"
            }
            let verified = address(&random)
            var claimed = Int.random(in: 0..<3, using: &random) == 0 ? address(&random) : nil
            // An address that is both counts as verified.
            if claimed == verified { claimed = nil }
            try history.request(verified: verified, claimed: claimed, at: time)
            if step % 50 == 0 { history.detector.retireSilentSources(at: time) }
            if Int.random(in: 0..<300, using: &random) == 0 { history.restart(at: time) }
            let counts = history.detector.ledgers[0].counts
            guard Origin.allCases.allSatisfy({ counts.sources[$0].untrackedRequests == 0 }),
                counts.networks?.use.untrackedRequests == 0
            else { continue }
            if step % 20 == 0 { try #require(history.missed(at: time).isEmpty, "step \(step)") }
        }
        #expect(history.mostBirths(of: "verified") <= 60)
        #expect(history.mostBirths(of: "claimed") <= 30)
        #expect(history.mostBirths(of: "network") <= 45)
    }

    @Test("are bounded in a crowded second too, where few can be remembered, and no counter falls", arguments: 0..<6)
    func crowded(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var history = History(SourceLimits(verified: 2, claimed: 1, networks: 2))
        var time = 1_000_000.0
        for step in 0..<2000 {
            time += Double.random(in: 0...(step % 100 == 0 ? 2000 : 0.1), using: &random)
            try history.request(verified: "192.0.2.\(Int.random(in: 0..<12, using: &random))", at: time)
            if Int.random(in: 0..<100, using: &random) == 0 { history.restart(at: time) }
        }
        #expect(history.mostBirths(of: "verified") <= 3)
    }

    @Test("continue after the threshold of a scan was changed")
    func otherThreshold() throws {
        for threshold in [1, 3, 5, 6, 12, 100] {
            var history = History(SourceLimits(verified: 6, networks: 1, threshold: threshold))
            for number in 0..<50 { try history.request(verified: "192.0.2.\(number)", at: 1000) }
            let needed = min(threshold, 5) + 1
            for number in 1...needed + 120 {
                try history.request(verified: "203.0.113.7", at: 1000 + Double(number))
                let counter = history.detector.ledgers[0].counts.sources.counters.first {
                    "\($0.source.address)" == "203.0.113.7"
                }
                #expect(counter?.requests == (number < needed ? nil : UInt64(number)), "threshold \(threshold)")
            }
            let quiet = history.detector.ledgers[0].counts.sources.quietSources(at: 1001 + Double(needed + 120))
            #expect(quiet.values.allSatisfy { $0.requests <= $0.sources * threshold })
        }
    }

    @Test("a source is quiet up to the threshold, and scans above it", arguments: [1, 5, 9, 30])
    func quiet(threshold: Int) throws {
        var history = History(SourceLimits(threshold: threshold))
        let network = try #require(IPAddress("192.0.2.1").flatMap { SourceNetwork(.address($0)) })
        for number in 1...threshold + 2 {
            try history.request(verified: "192.0.2.1", at: 1000 + Double(number))
            if number == threshold / 2 { history.restart(at: 1000 + Double(number)) }
            let quiet = history.detector.ledgers[0].counts.sources.quietSources(at: 1200)[network]
            #expect(quiet?.requests == (number > threshold ? nil : number))
        }
    }
}
