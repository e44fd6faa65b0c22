import AccessScanning
import AuditEvents
import Testing
import TestSupport

@Suite("The profile of a source")
struct ProfileTests {
    private static let analytics: [Analytic] = [.forbidden, .unauthorized, .allowed]

    private static func event(_ number: Int, _ address: String, message: String? = nil) -> AuditEvent {
        AuditEvent(
            auditID: "\(number)", stage: "ResponseComplete", requestURI: "/\(number)", sourceIPs: [address],
            responseMessage: message, stageTimestamp: "\(number)")
    }

    private static func source(_ address: String) throws -> Source {
        Source(.address(try #require(IPAddress(address))), .verified)
    }

    @Test("is shared by the counters of all outcomes and credentials, and so is its location")
    func shared() throws {
        var detector = AccessScanningDetector(Self.analytics)
        let messages = [
            nil, "Authentication failed, no credentials provided", "Authentication failed, attempted: bearer",
        ]
        var number = 0
        for analytic in 0..<3 {
            for message in analytic == 1 ? messages : [nil] {
                number += 1
                detector.observe(Self.event(number, "192.0.2.1", message: message), of: analytic, at: 1000) { _ in
                    Location(country: "\(number)", city: "")
                }
            }
        }
        #expect(detector.profiles.profiles.count == 1)
        let profile = try #require(detector.profiles.profile(of: try Self.source("192.0.2.1")))
        #expect(profile.evidence.values(.requestURI) == (1...5).map { "/\($0)" })
        #expect(profile.paths.count(at: 1000) == 5 && profile.lastRequests.count == 5)
        let counters = detector.ledgers.flatMap { $0.counts.sources.counters }
        #expect(counters.map(\.credentials) == [nil, .unknown, Credentials.none, .presented, nil])
        #expect((counters.map(\.location) + [profile.location]).allSatisfy { $0.country == "1" })
        #expect(counters.map { $0.lastRequest?.auditID } == (1...5).map { "\($0)" })
    }

    @Test("exists while any outcome has a counter of its source")
    func life() throws {
        var detector = AccessScanningDetector(Self.analytics, limits: SourceLimits(retention: 100))
        let source = try Self.source("192.0.2.1")
        detector.observe(Self.event(1, "192.0.2.1"), of: 0, at: 1000)
        detector.observe(Self.event(2, "192.0.2.1"), of: 2, at: 1080)
        detector.retireSilentSources(at: 1150)
        #expect(detector.ledgers.map { $0.counts.sources.counters.count } == [0, 0, 1])
        #expect(detector.profiles.profile(of: source)?.evidence.values(.requestURI) == ["/1", "/2"])
        detector.retireSilentSources(at: 1190)
        #expect(detector.profiles.profile(of: source) == nil && detector.profiles.profiles.isEmpty)
    }

    @Test("gives way beyond the limit if its source made no request for longest; the counters stay")
    func bound() throws {
        let limits = SourceLimits(verified: 10, claimed: 0)
        var detector = AccessScanningDetector(Self.analytics, limits: limits)
        for number in 0..<30 {
            detector.observe(Self.event(number, "192.0.2.\(number)"), of: number / 10, at: 1000 + Double(number))
        }
        #expect(detector.ledgers.map { $0.counts.sources.counters.count } == [10, 10, 10])
        // With room for `other` and `invalid`.
        #expect(detector.profiles.profiles.count == 12)
        for number in 0..<30 {
            let profile = detector.profiles.profile(of: try Self.source("192.0.2.\(number)"))
            #expect((profile != nil) == (number >= 18), "\(number)")
        }
        detector.observe(Self.event(100, "192.0.2.0"), of: 0, at: 2000) { _ in Location(country: "new", city: "") }
        let back = try #require(detector.profiles.profile(of: try Self.source("192.0.2.0")))
        #expect(back.evidence.values(.requestURI) == ["/100"])
        #expect(back.location == .unknown, "that of its counter, which was created before")
        #expect(detector.ledgers[0].counts.sources.counters.map(\.requests).reduce(0, +) == 11)
    }

    @Test("follows from any changes, whatever happens in between")
    func changes() {
        let limits = SourceLimits(verified: 5, claimed: 3, retention: 60)
        let key = SipHash128.Key(first: 1, second: 2)
        for seed in 0..<10 {
            var random = SeededGenerator(seed: UInt64(seed))
            var kept = DetectionState(key: key)
            var detector = AccessScanningDetector(Self.analytics, limits: limits, restoring: kept, at: 0)
            for step in 0..<500 {
                let time = Double(step)
                let address = "192.0.2.\(Int.random(in: 0..<12, using: &random))"
                detector.observe(
                    Self.event(step, address), of: Int.random(in: 0..<3, using: &random), at: time)
                switch Int.random(in: 0..<15, using: &random) {
                case 0...2: kept.write(detector.takeChanges())
                case 3: detector.putBack(detector.takeChanges())
                case 4: detector.retireSilentSources(at: time)
                case 5:
                    kept.write(detector.takeChanges())
                    #expect(Set(kept.profiles) == Set(detector.profiles.profiles), "step \(step)")
                    detector = AccessScanningDetector(Self.analytics, limits: limits, restoring: kept, at: time)
                    #expect(Set(kept.profiles) == Set(detector.profiles.profiles), "step \(step)")
                default: break
                }
                let counted = Set(detector.ledgers.flatMap { $0.counts.sources.counters.map(\.source) })
                let profiles = Set(detector.profiles.profiles.map(\.source))
                #expect(profiles.isSubset(of: counted), "step \(step)")
                #expect(profiles.count == detector.profiles.profiles.count && profiles.count <= 5 + 2 + 3 + 2)
                #expect(profiles.allSatisfy { detector.profiles.profile(of: $0)?.source == $0 })
            }
        }
    }

    @Test("of a source that is no longer counted is removed when the state is read, and from the disk")
    func uncounted() throws {
        var state = DetectionState()
        state.profiles = [SourceProfile(source: try Self.source("192.0.2.1"), location: .unknown, lastSeen: 1)]
        var detector = AccessScanningDetector(Self.analytics, restoring: state, at: 10)
        #expect(detector.profiles.profiles.isEmpty)
        #expect(detector.takeChanges().profiles.removed == [try Self.source("192.0.2.1")])
    }
}
