import AuditEvents
import TestSupport
import Testing

@testable import AccessScanning

@Suite("The requests by minute")
struct RequestsByMinuteTests {
    private static let now = 1_795_475_400.0

    private static func counter(_ requests: [(ago: Double, count: Int)]) throws -> SourceCounter {
        var detector = AccessScanningDetector([.forbidden])
        var number = 0
        for (ago, count) in requests {
            for _ in 0..<count {
                number += 1
                detector.observe(
                    AuditEvent(auditID: "\(number)", sourceIPs: ["192.0.2.1"]), of: 0, at: now - ago)
            }
        }
        return try #require(detector.ledgers[0].counts.sources.counters.first)
    }

    @Test("are all of the last hour's requests, each in its minute")
    func minutes() throws {
        let counter = try Self.counter([(7200, 3), (3000, 10), (61, 200), (0, 2)])
        var expected = [UInt32](repeating: 0, count: 61)
        expected[10] = 10
        expected[58] = 200
        expected[60] = 2
        #expect(counter.byMinute.lastHour(at: Self.now) == expected)
        #expect(counter.requestsLastHour(at: Self.now) == 212)
        #expect(counter.requestsLastHour(at: Self.now + 1200) == 202)
        #expect(counter.requestsLastHour(at: Self.now + 7200) == 0)
    }

    @Test("give the exact number around the threshold, to the second")
    func exact() throws {
        let counter = try Self.counter([(3700, 5), (3599, 2), (1000, 3)])
        #expect(counter.requestsLastHour(at: Self.now) == 5)
        #expect(counter.requestsLastHour(at: Self.now + 0.5) == 5)
        #expect(counter.requestsLastHour(at: Self.now + 1) == 3)
    }

    @Test("are never more than 61 minutes, however long the source goes on")
    func bounded() throws {
        let counter = try Self.counter((0..<200).map { (Double(200 - $0) * 60, 7) })
        #expect(counter.byMinute.minutes.count == RequestsByMinute.limit)
        #expect(counter.requestsLastHour(at: Self.now) == 60 * 7)
    }

    @Test("move to the present minute when the clock was turned back, and never disappear")
    func wrongClock() {
        var requests = RequestsByMinute([.init(100, requests: 4), .init(200, requests: 5)])
        requests.add(at: 90 * 60)
        #expect(requests.minutes == [.init(100, requests: 4), .init(200, requests: 6)])
        requests.limit(to: 100 * 60 + 5)
        #expect(requests.minutes == [.init(100, requests: 10)])
        requests = RequestsByMinute([.init(200, requests: .max)])
        requests.add(at: 200 * 60)
        #expect(requests.minutes == [.init(200, requests: .max)])
    }

    @Test("of a damaged state are in order and within the limit")
    func restored() {
        let minutes = (0..<100).map { RequestsByMinute.Minute(UInt32($0 % 70), requests: 1) }
        let restored = RequestsByMinute(minutes)
        #expect(restored.minutes.count <= RequestsByMinute.limit)
        #expect(zip(restored.minutes, restored.minutes.dropFirst()).allSatisfy { $0.number < $1.number })
        _ = restored.lastHour(at: -1e300)
        _ = restored.lastHour(at: .nan)
    }

    @Test("of a counter that continues from remembered requests include these")
    func continued() {
        let limits = SourceLimits(verified: 1, claimed: 0)
        var ledger = SourceLedger(limits: limits)
        let count = { (address: String, now: Double) in
            _ = ledger.count(
                SourceSubject(Source(IPAddress(address).map(SourceAddress.address) ?? .invalid, .verified)),
                RequestReference(auditID: "", received: nil), at: now, locate: { _ in .unknown })
        }
        count("192.0.2.1", Self.now)
        for second in 1...10 { count("192.0.2.2", Self.now + Double(second)) }
        let counter = ledger.counts.counters.first { $0.source.address.description == "192.0.2.2" }
        #expect(counter?.requestsLastHour(at: Self.now + 10) == 10)
        #expect(counter?.byMinute.count(at: Self.now + 10) == 10)
    }
}
