import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("Where a budget is full")
struct FullBudgetTests {
    /// Counts requests as the ledger does, and beside it all of them.
    private struct Flood {
        var ledger: SourceLedger
        var requests: [Source: [Double]] = [:]
        var count: UInt64 = 0
        var last: Source?

        init(_ limits: SourceLimits) {
            ledger = SourceLedger(limits: limits)
        }

        mutating func request(_ address: String, _ origin: Origin = .verified, at time: Double) throws {
            let source = Source(.address(try #require(IPAddress(address))), origin)
            ledger.count(source, RequestReference(auditID: "", received: nil), at: time) { _ in .unknown }
            requests[source, default: []].append(time)
            count += 1
            last = source
        }

        func shown(_ address: String, _ origin: Origin = .verified) -> SourceCounter? {
            ledger.counts.counters.first { "\($0.source.address)" == address && $0.source.origin == origin }
        }

        var sum: UInt64 { ledger.counts.counters.map(\.requests).reduce(ledger.counts.retiredRequests, +) }

        /// What `source` asked for in the hour before `now`.
        func recent(_ source: Source, at now: Double) -> Int {
            requests[source, default: []].filter { now - $0.rounded(.down) < ScanningThreshold.window }.count
        }
    }

    @Test("a source that comes once and again among thousands is counted to the last request")
    func slowScan() throws {
        var flood = Flood(SourceLimits(verified: 100))
        for round in 0..<50 {
            let time = Double(round * 60)
            try flood.request("203.0.113.7", at: time)
            for number in 0..<1000 { try flood.request("2001:db8:\(round)::\(number)", at: time + 1) }
        }
        let shown = try #require(flood.shown("203.0.113.7"))
        #expect(shown.requests == 50)
        #expect(shown.firstSeen == 1)
        #expect(flood.sum == 50_050)
        #expect(flood.ledger.counts[.verified].tracked == 100)
    }

    @Test("a source that scans keeps its place, and who comes once is under other")
    func scanning() throws {
        var flood = Flood(SourceLimits(verified: 3))
        for _ in 0..<6 { try flood.request("203.0.113.7", at: 10) }
        for number in 0..<200 { try flood.request("192.0.2.\(number)", at: 11) }
        #expect(flood.shown("203.0.113.7")?.requests == 6)
        #expect(flood.shown("other")?.requests == 198)
        // Within the hour, but none of its six requests since.
        for number in 0..<200 { try flood.request("198.51.100.\(number)", at: 3609) }
        #expect(flood.shown("203.0.113.7")?.requests == 6)
        for number in 0..<3 { try flood.request("192.0.2.\(number)", at: 3611) }
        #expect(flood.shown("203.0.113.7") == nil)
        #expect(flood.ledger.counts.retiredRequests == 6)
        #expect(flood.sum == flood.count)
    }

    @Test("those give way first that were silent for over an hour, and are retired rather than hidden")
    func silent() throws {
        var flood = Flood(SourceLimits(verified: 10))
        for number in 0..<10 { try flood.request("192.0.2.\(number)", at: Double(number)) }
        for number in 0..<10 { try flood.request("198.51.100.\(number)", at: 5000) }
        #expect(flood.shown("other") == nil)
        #expect(flood.ledger.counts.retiredRequests == 10)
        #expect(flood.ledger.counts[.verified].displaced == 0)
        // One that scanned comes back as a new counter, as after any retirement.
        try flood.request("192.0.2.0", at: 5001)
        #expect(flood.shown("192.0.2.0")?.firstSeen == 5001)
        #expect(flood.shown("192.0.2.0")?.requests == 1)
        #expect(flood.shown("other")?.requests == 1)
    }

    @Test("what is given back was made within the hour, and the counter is as old as that")
    func givenBack() throws {
        var flood = Flood(SourceLimits(verified: 5))
        let others = { (flood: inout Flood, time: Double) in
            for number in 0..<20 { try flood.request("198.51.100.\(number)", at: time) }
        }
        for time in [100.0, 200, 3000] { try flood.request("192.0.2.1", at: time) }
        try others(&flood, 3001)
        #expect(flood.shown("192.0.2.1") == nil)
        try flood.request("192.0.2.1", at: 3750)
        #expect(flood.shown("192.0.2.1")?.requests == 3)
        #expect(flood.shown("192.0.2.1")?.firstSeen == 200)
        #expect(flood.sum == flood.count)
        try others(&flood, 3760)
        try flood.request("192.0.2.1", at: 8000)
        #expect(flood.shown("192.0.2.1")?.requests == 1)
        #expect(flood.shown("192.0.2.1")?.firstSeen == 8000)
        #expect(flood.sum == flood.count)
    }

    @Test("whom there was no place for, since all others scan, is told of as untracked")
    func allScanning() throws {
        var flood = Flood(SourceLimits(verified: 4))
        for number in 0..<4 { for _ in 0..<6 { try flood.request("192.0.2.\(number)", at: 10) } }
        for _ in 0..<7 { try flood.request("203.0.113.7", at: 11) }
        #expect(flood.shown("203.0.113.7") == nil)
        #expect(flood.shown("other")?.requests == 7)
        #expect(flood.ledger.counts[.verified].untrackedRequests == 7)
        #expect(flood.ledger.counts[.claimed].untrackedRequests == 0)
    }

    @Test("what is remembered is bounded, and what is forgotten within the hour is told of as untracked")
    func forgotten() throws {
        var flood = Flood(SourceLimits(verified: 1, claimed: 2))
        for number in 0..<100 { try flood.request("192.0.2.\(number)", at: 10) }
        #expect(flood.ledger.counts[.verified].displaced == 25)
        #expect(flood.ledger.counts[.verified].untrackedRequests == 74)
        for number in 0..<100 { try flood.request("198.51.100.\(number)", .claimed, at: 10) }
        #expect(flood.ledger.counts[.claimed].displaced == 50)
        #expect(flood.ledger.counts[.claimed].untrackedRequests == 48)
        #expect(flood.sum == flood.count)
    }

    @Test("who comes back as the one that would be forgotten next is not forgotten for it")
    func oldest() throws {
        var flood = Flood(SourceLimits(verified: 1))
        for number in 0...25 { try flood.request("192.0.2.\(number)", at: 10) }
        #expect(flood.ledger.counts[.verified].displaced == 25)
        try flood.request("192.0.2.0", at: 11)
        #expect(flood.shown("192.0.2.0")?.requests == 2)
        #expect(flood.ledger.counts[.verified].untrackedRequests == 0)
        #expect(flood.sum == flood.count)
    }

    @Test("the sum is exact, other never falls, and none that scans is missed, whatever comes", arguments: 0..<6)
    func anyFlood(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var flood = Flood(SourceLimits(verified: 60, claimed: 40, retention: 7200))
        var time = 1_000_000.0
        var other: [Origin: UInt64] = [:]
        for step in 0..<3000 {
            let isPause = Int.random(in: 0..<1000, using: &random) == 0
            time += Double.random(in: isPause ? 4000...9000 : 0...10, using: &random)
            let origin: Origin = Int.random(in: 0..<3, using: &random) == 0 ? .claimed : .verified
            // A few that come often and many that come seldom.
            let few = Int.random(in: 0..<4, using: &random) == 0
            let number = Int.random(in: 0..<(few ? 4 : 500), using: &random)
            try flood.request("\(few ? "203.0.113" : "198.51.\(number / 256)").\(number % 256)", origin, at: time)
            if step % 50 == 0 {
                flood.ledger.retireSilentSources(at: time)
                for origin in Origin.allCases where flood.shown("other", origin) == nil { other[origin] = 0 }
            }
            let counts = flood.ledger.counts
            try #require(
                counts.counters.map(\.requests).reduce(counts.retiredRequests, +) == flood.count, "step \(step)")
            try #require(counts[.verified].tracked <= 60 && counts[.claimed].tracked <= 40)
            let shown = Dictionary(uniqueKeysWithValues: counts.counters.map { ($0.source, $0.requests) })
            for origin in Origin.allCases {
                let now = shown[Source(.other, origin)] ?? 0
                try #require(now >= other[origin] ?? 0, "step \(step)")
                other[origin] = now
            }
            // Everyone is looked at now and then, and who came in each step.
            let looked = step % 20 == 0 ? flood.requests : flood.requests.filter { $0.key == flood.last }
            for (source, times) in looked where counts[source.origin].untrackedRequests == 0 {
                let recent = flood.recent(source, at: time)
                guard recent > ScanningThreshold.requests else { continue }
                try #require(
                    shown[source] ?? 0 >= UInt64(recent),
                    "\(source.address) made \(recent) of \(times.count), step \(step)")
            }
        }
        #expect(flood.ledger.counts[.verified].untrackedRequests == 0)
        #expect(flood.ledger.counts[.verified].displaced > 100)
    }
}
