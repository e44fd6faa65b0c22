import AuditEvents
import Testing
import TestSupport

@testable import AccessScanning

@Suite("Of many scans at once")
struct ManyScansTests {
    /// Counts requests, and checks what must hold after each of them.
    private struct Scans {
        let limits: SourceLimits
        var detector: AccessScanningDetector
        private var state = DetectionState()
        private var times: [String: [Double]] = [:]
        private var count: UInt64 = 0
        private var other: UInt64 = 0
        private var shown: [String: (requests: UInt64, firstSeen: Double)] = [:]

        init(limit: Int) {
            limits = SourceLimits(verified: limit)
            detector = AccessScanningDetector([.forbidden], limits: limits, restoring: state, at: 0)
        }

        var counts: SourceCounts { detector.ledgers[0].counts.sources }

        func shown(_ address: String) -> UInt64? {
            counts.counters.first { "\($0.source.address)" == address }?.requests
        }

        private func recent(_ address: String, at now: Double) -> Int {
            times[address, default: []].reversed().prefix { now - $0.rounded(.down) < ScanningThreshold.window }.count
        }

        mutating func request(_ address: String, at time: Double) throws {
            detector.retireSilentSources(at: time)
            let before = Set(counts.counters.map { "\($0.source.address)" }.filter { recent($0, at: time) > 5 })
            count += 1
            detector.observe(AuditEvent(auditID: "\(count)", sourceIPs: [address]), of: 0, at: time)
            let counters = counts.counters
            let present = Set(counters.map { "\($0.source.address)" })
            // While all counters belong to sources that scan, requests of others are not remembered.
            if present.contains(address) || before.count < limits.verified {
                times[address, default: []].append(time)
            }
            try #require(counters.map(\.requests).reduce(counts.retiredRequests, +) == count)
            for counter in counters {
                let address = "\(counter.source.address)"
                if address == "other" {
                    try #require(counter.requests >= other)
                    other = counter.requests
                }
                if let last = shown[address], last.firstSeen == counter.firstSeen {
                    try #require(counter.requests >= last.requests, "\(address) fell")
                }
                shown[address] = (counter.requests, counter.firstSeen)
            }
            try #require(before.subtracting(present).isEmpty, "a source that scans was displaced")
            let scanning = present.count { recent($0, at: time) > 5 }
            try #require(
                present.contains(address) || recent(address, at: time) <= 5 || scanning == limits.verified,
                "\(address) has no counter, with \(scanning) that scan")
        }

        mutating func restart(at time: Double) {
            state.write(detector.takeChanges())
            detector = AccessScanningDetector([.forbidden], limits: limits, restoring: state, at: time)
        }
    }

    @Test("each gets a counter after a flood, and is shown whole when others have made as many requests")
    func flooded() throws {
        var scans = Scans(limit: 100)
        for number in 0..<200 { try scans.request("2001:db8::\(number)", at: 1000) }
        let scanning = (0..<35).map { "203.0.113.\($0)" }
        for round in 0..<6 { for address in scanning { try scans.request(address, at: 1001 + Double(round)) } }
        #expect(scanning.allSatisfy { scans.shown($0) != nil })
        // The quiet counters held 100 requests, and each of these gets back five.
        #expect(scanning.count { scans.shown($0) == 6 } == 20)
        scans.restart(at: 1007)
        // The first 50 get counters of their own; the 75 requests after them are paid out.
        for number in 0..<125 { try scans.request("2001:db8:1::\(number)", at: 1008) }
        #expect(scanning.allSatisfy { scans.shown($0) == 6 })
        #expect(scans.counts[.verified].tracked == 85)
    }

    @Test("a later one keeps its counter, and gets its first requests back from the next requests of others")
    func later() throws {
        var scans = Scans(limit: 20)
        for number in 0..<20 { try scans.request("2001:db8::\(number)", at: 1000) }
        // Four take all that the quiet ones hold, and ten new ones may be created, which two more take.
        for _ in 0..<6 { for number in 0..<4 { try scans.request("203.0.113.\(number)", at: 1001) } }
        for number in 0..<10 { try scans.request("2001:db8:1::\(number)", at: 1002) }
        for _ in 0..<6 { for number in 4..<6 { try scans.request("203.0.113.\(number)", at: 1003) } }
        #expect(scans.counts[.verified].tracked == 6)
        for time in 1...6 { try scans.request("192.0.2.1", at: 1003 + Double(time)) }
        #expect(scans.shown("192.0.2.1") == 1)
        for time in 1...6 { try scans.request("192.0.2.2", at: 1010 + Double(time)) }
        #expect(scans.shown("192.0.2.1") == 6)
        #expect(scans.shown("192.0.2.2") == 1)
        try scans.request("192.0.2.2", at: 1020)
        #expect(scans.shown("192.0.2.2") == 2)
        for number in 0..<9 { try scans.request("2001:db8:2::\(number)", at: 1021) }
        // Six of its seven requests are enough to see that it scans.
        #expect(scans.shown("192.0.2.2") == 6)
    }

    @Test("none is displaced or left without a counter, and sums stay exact, whatever arrives", arguments: 0..<6)
    func any(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var scans = Scans(limit: 20)
        var time = 1_000_000.0
        for _ in 0..<2500 {
            let isPause = Int.random(in: 0..<600, using: &random) == 0
            time += Double.random(in: isPause ? 2000...5000 : 0...8, using: &random)
            let few = Int.random(in: 0..<2, using: &random) == 0
            let number = Int.random(in: 0..<(few ? 25 : 250), using: &random)
            try scans.request("\(few ? "203.0.113" : "198.51.100").\(number)", at: time)
            if Int.random(in: 0..<300, using: &random) == 0 { scans.restart(at: time) }
        }
    }
}
