import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("On logs of a real API server the outcomes agree with the clients' own counts")
struct OutcomeLogsTests {
    private static let analytics: [Analytic] = [.forbidden, .unauthorized, .allowed]

    /// A detection that has read a log.
    private static func read(_ log: String) throws -> AccessScanningDetector {
        var scanner = EventScanner(selecting: analytics.map(\.selector))
        var detector = AccessScanningDetector(analytics)
        let lines = try Fixture.bytes("audit-logs/\(log)")
        for selected in scanner.scan(lines: lines.span.bytes).events {
            detector.observe(selected.event, of: selected.selector, at: 1_795_475_406)
        }
        return detector
    }

    /// The counts of an analytic by the last number of the address; claimed ones by the whole address.
    private static func counts(_ detector: AccessScanningDetector, _ analytic: Int) -> [String: UInt64] {
        Dictionary(
            uniqueKeysWithValues: detector.ledgers[analytic].counts.sources.counters.map { counter in
                let address = counter.source.address.description
                return (address.replacing("127.0.0.", with: ""), counter.requests)
            })
    }

    @Test("with anonymous access off: all are unauthorized, and the credentials are unknown")
    func hardened() throws {
        let detector = try Self.read("hardened.log")
        #expect(
            Self.counts(detector, 1) == [
                "50": 12, "51": 5, "52": 9, "53": 8, "54": 8, "55": 6, "56": 3, "57": 7, "198.51.100.9": 7, "58": 6,
                "59": 4, "61": 6,
            ])
        #expect(Self.counts(detector, 0).isEmpty && Self.counts(detector, 2).isEmpty)
        let counters = detector.ledgers[1].counts.sources.counters
        #expect(counters.allSatisfy { $0.credentials == .unknown })
        #expect(counters.filter { $0.source.origin == .claimed }.map(\.source.address.description) == ["198.51.100.9"])
        let paths = counters.map { counter in
            let profile = detector.profiles.profile(of: counter.source)
            return (counter.source.address.description, profile?.paths.count(at: 1_795_475_406))
        }
        #expect(
            Dictionary(uniqueKeysWithValues: paths) == [
                "127.0.0.50": 12, "127.0.0.51": 5, "127.0.0.52": 1, "127.0.0.53": 8, "127.0.0.54": 1, "127.0.0.55": 6,
                "127.0.0.56": 3, "127.0.0.57": 7, "198.51.100.9": 7, "127.0.0.58": 1, "127.0.0.59": 1, "127.0.0.61": 1,
            ])
        // Only verified ones are counted by network.
        #expect(detector.ledgers[1].counts.networks?.counters.map(\.requests) == [74])
    }

    @Test("with anonymous access on: each request has one outcome")
    func outcomes() throws {
        let detector = try Self.read("outcomes.log")
        #expect(Self.counts(detector, 0) == ["70": 3, "71": 8, "72": 7, "74": 2, "78": 2])
        #expect(Self.counts(detector, 1) == ["75": 6])
        #expect(Self.counts(detector, 2) == ["72": 2, "73": 1, "76": 1, "77": 1])
        #expect(detector.ledgers[2].counts.networks == nil)
    }

    @Test("a source of several outcomes has one profile, whose values know their outcomes")
    func profile() throws {
        let detector = try Self.read("outcomes.log")
        let address = SourceAddress.address(try #require(IPAddress("127.0.0.72")))
        let profile = try #require(detector.profiles.profile(of: Source(address, .verified)))
        #expect(profile.evidence.outcomes.outcomes == [.forbidden, .allowed])
        #expect(profile.evidence.values(.responseCode, of: .forbidden) == ["403"])
        #expect(profile.evidence.values(.responseCode, of: .allowed) == ["200"])
        #expect(profile.evidence.values(.requestURI, of: .allowed).count == 2)
        #expect(profile.paths.count(at: 1_795_475_406) == 9)
        #expect(detector.profiles.profiles.count == 9)
    }

    @Test("a second reading changes nothing")
    func secondReading() throws {
        for log in ["hardened.log", "outcomes.log"] {
            let lines = try Fixture.bytes("audit-logs/\(log)")
            var scanner = EventScanner(selecting: Self.analytics.map(\.selector))
            let events = scanner.scan(lines: lines.span.bytes).events
            var detector = try Self.read(log)
            let before = Self.analytics.indices.map { Self.counts(detector, $0) }
            for selected in events.reversed() {
                detector.observe(selected.event, of: selected.selector, at: 1_795_475_500)
            }
            #expect(Self.analytics.indices.map { Self.counts(detector, $0) } == before)
        }
    }
}
