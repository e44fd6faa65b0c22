import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("With a full budget")
struct FullBudgetTests {
    /// Counts requests with the ledger, and independently all of them.
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
            ledger.count(SourceSubject(source), RequestReference(auditID: "", received: nil), at: time) { _ in .unknown
            }
            requests[source, default: []].append(time)
            count += 1
            last = source
        }

        func shown(_ address: String, _ origin: Origin = .verified) -> SourceCounter? {
            ledger.counts.counters.first { "\($0.source.address)" == address && $0.source.origin == origin }
        }

        var sum: UInt64 { ledger.counts.counters.map(\.requests).reduce(ledger.counts.retiredRequests, +) }

        /// The requests of `source` in the hour before `now`.
        func recent(_ source: Source, at now: Double) -> Int {
            requests[source, default: []].filter { now - $0.rounded(.down) < ScanningThreshold.window }.count
        }
    }

    @Test("a source that appears repeatedly among thousands is counted to the last request")
    func slowScan() throws {
        var flood = Flood(SourceLimits(verified: 100))
        for round in 0..<50 {
            let time = Double(round * 60)
            for number in 0..<1000 { try flood.request("2001:db8:\(round)::\(number)", at: time) }
            try flood.request("203.0.113.7", at: time + 1)
            // It gets its counter when it is over the threshold.
            #expect(flood.shown("203.0.113.7")?.requests == (round < 5 ? nil : UInt64(round + 1)))
        }
        let shown = try #require(flood.shown("203.0.113.7"))
        #expect(shown.requests == 50)
        #expect(shown.firstSeen == 1)
        #expect(flood.sum == 50_050)
        #expect(flood.ledger.counts[.verified].tracked == 100)
    }

    @Test("a scanning source keeps its counter, and sources with one request are counted under other")
    func scanning() throws {
        var flood = Flood(SourceLimits(verified: 3))
        for _ in 0..<6 { try flood.request("203.0.113.7", at: 10) }
        for number in 0..<200 { try flood.request("192.0.2.\(number)", at: 11) }
        #expect(flood.shown("203.0.113.7")?.requests == 6)
        #expect(flood.shown("other")?.requests == 198)
        // Within the hour, but after its six requests.
        for number in 0..<200 { try flood.request("198.51.100.\(number)", at: 3609) }
        #expect(flood.shown("203.0.113.7")?.requests == 6)
        for number in 0..<3 { try flood.request("192.0.2.\(number)", at: 3611) }
        #expect(flood.shown("203.0.113.7") == nil)
        #expect(flood.ledger.counts.retiredRequests == 6)
        #expect(flood.sum == flood.count)
    }

    @Test("sources that were silent for over an hour are displaced first, and are retired, not hidden")
    func silent() throws {
        var flood = Flood(SourceLimits(verified: 10))
        for number in 0..<10 { try flood.request("192.0.2.\(number)", at: Double(number)) }
        for number in 0..<10 { try flood.request("198.51.100.\(number)", at: 5000) }
        #expect(flood.shown("other") == nil)
        #expect(flood.ledger.counts.retiredRequests == 10)
        #expect(flood.ledger.counts[.verified].displaced == 0)
        // A retired one returns as a new counter, once it is over the threshold.
        for _ in 0..<5 { try flood.request("192.0.2.0", at: 5001) }
        #expect(flood.shown("192.0.2.0") == nil)
        #expect(flood.shown("other")?.requests == 5)
        try flood.request("192.0.2.0", at: 5002)
        #expect(flood.shown("192.0.2.0")?.firstSeen == 5001)
        #expect(flood.shown("192.0.2.0")?.requests == 6)
        #expect(flood.shown("other")?.requests == 5)
        #expect(flood.sum == flood.count)
    }

    @Test("a source gets back its requests within the hour when there is a place, and the counter has their age")
    func givenBack() throws {
        var flood = Flood(SourceLimits(verified: 5))
        for number in 0..<20 { try flood.request("198.51.100.\(number)", at: 90) }
        for time in [100.0, 200, 3000] { try flood.request("192.0.2.1", at: time) }
        #expect(flood.shown("192.0.2.1") == nil)
        #expect(flood.shown("other")?.requests == 18)
        // The others have been silent for an hour.
        try flood.request("192.0.2.1", at: 3750)
        #expect(flood.shown("192.0.2.1")?.requests == 3)
        #expect(flood.shown("192.0.2.1")?.firstSeen == 200)
        #expect(flood.sum == flood.count)
        // So has this one, and comes back as another counter.
        for number in 0..<5 { try flood.request("203.0.113.\(number)", at: 7500) }
        #expect(flood.shown("192.0.2.1") == nil)
        for _ in 0..<6 { try flood.request("192.0.2.1", at: 8000) }
        #expect(flood.shown("192.0.2.1")?.requests == 6)
        #expect(flood.shown("192.0.2.1")?.firstSeen == 8000)
        #expect(flood.sum == flood.count)
    }

    @Test("a source without a counter, because all others scan, is reported as untracked")
    func allScanning() throws {
        var flood = Flood(SourceLimits(verified: 4))
        for number in 0..<4 { for _ in 0..<6 { try flood.request("192.0.2.\(number)", at: 10) } }
        for _ in 0..<7 { try flood.request("203.0.113.7", at: 11) }
        #expect(flood.shown("203.0.113.7") == nil)
        #expect(flood.shown("other")?.requests == 7)
        #expect(flood.ledger.counts[.verified].untrackedRequests == 7)
        #expect(flood.ledger.counts[.claimed].untrackedRequests == 0)
    }

    @Test("remembered sources are bounded, and requests forgotten within the hour are reported as untracked")
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

    @Test("a source that returns when it would be forgotten next is not forgotten")
    func oldest() throws {
        var flood = Flood(SourceLimits(verified: 6))
        for number in 0..<156 { try flood.request("192.0.2.\(number)", at: 10) }
        #expect(flood.ledger.counts[.verified].displaced == 150)
        for time in 11...14 { try flood.request("192.0.2.6", at: Double(time)) }
        #expect(flood.ledger.counts[.verified].displaced == 150)
        #expect(flood.ledger.counts[.verified].untrackedRequests == 0)
        try flood.request("192.0.2.6", at: 15)
        #expect(flood.shown("192.0.2.6")?.requests == 6)
        #expect(flood.sum == flood.count)
    }

    @Test("the sum is exact, other never falls, and no scan is missed, whatever arrives", arguments: 0..<6)
    func anyFlood(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        var flood = Flood(SourceLimits(verified: 60, claimed: 40, retention: 7200))
        var time = 1_000_000.0
        var other: [Origin: UInt64] = [:]
        for step in 0..<3000 {
            let isPause = Int.random(in: 0..<1000, using: &random) == 0
            time += Double.random(in: isPause ? 4000...9000 : 0...10, using: &random)
            let origin: Origin = Int.random(in: 0..<3, using: &random) == 0 ? .claimed : .verified
            // A few that appear often and many that appear seldom.
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
            // Every source is checked now and then, and each step's sources at once.
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
