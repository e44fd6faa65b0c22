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

    /// A request as it is stored.
    private static func stored(_ auditID: [UInt8], _ received: Double) -> [UInt8] {
        withUnsafeBytes(of: received.bitPattern.littleEndian) { Array($0) } + [UInt8(auditID.count)] + auditID
    }

    @Test(
        "is restored with the last requests that were stored whole",
        arguments: [
            ([], []), (stored([97], 1), [("a", 1)]), (stored([97], 1) + stored([], 2), [("a", 1), ("", 2)]),
            (stored([97], .nan) + stored([], .nan) + stored([98], 3), [("a", nil), ("b", 3)]),
            // Cut off, or followed by a piece.
            (stored([97], 1) + stored([98, 99], 2).dropLast(), [("a", 1)]),
            (stored([97], 1) + [1, 2, 3], [("a", 1)]),
            // Not UTF-8, and longer than an ID that is kept.
            (stored([0xff], 1), [("\u{fffd}", 1)]), (stored([UInt8](repeating: 97, count: 129), 1), [("", 1)]),
            (stored([UInt8](repeating: 97, count: 128), 1), [(String(repeating: "a", count: 128), 1)]),
            (stored(Array("\u{e4}".utf8), 1), [("\u{e4}", 1)]),
            // More than are kept.
            (
                (1...6).flatMap { stored([96 + $0], Double($0)) },
                [("a", 1), ("b", 2), ("c", 3), ("d", 4)]
            ),
        ] as [([UInt8], [(String, Double?)])])
    func restored(earlier: [UInt8], expected: [(String, Double?)]) throws {
        let profile = { (last: RequestReference) in
            earlier.withUnsafeBytes { earlier in
                SourceProfile(
                    source: Source(.invalid, .verified), location: .unknown, lastSeen: 9, evidence: Evidence(),
                    paths: RecentPaths(), earlierRequests: earlier.bytes, lastRequest: last)
            }
        }
        let last = RequestReference(auditID: "last", received: 9)
        let references = expected.map { RequestReference(auditID: $0.0, received: $0.1) } + [last]
        #expect(profile(last).lastRequests == references)
        #expect(
            profile(last)
                == SourceProfile(
                    source: Source(.invalid, .verified), location: .unknown, lastSeen: 9, lastRequests: references))
        #expect(profile(RequestReference(auditID: "", received: nil)).lastRequests.isEmpty)
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

    @Test("of a source that scans never gives way to single requests, also after a restart", arguments: 0..<3)
    func scanning(analytic: Int) throws {
        let limits = SourceLimits(verified: 10, claimed: 0)
        var state = DetectionState()
        var detector = AccessScanningDetector(Self.analytics, limits: limits, restoring: state, at: 0)
        let source = try Self.source("192.0.2.1")
        // An allowed request is over the threshold alone; those of 401 with different credentials are added up.
        let messages = [nil, "Authentication failed, no credentials provided"]
        for number in 0..<(analytic == 2 ? 1 : 6) {
            detector.observe(
                Self.event(number, "192.0.2.1", message: messages[number % 2]), of: analytic, at: 1000)
        }
        for number in 100..<400 {
            let address = "198.51.\(number / 100).\(number % 100)"
            detector.observe(Self.event(number, address), of: number % 3, at: 1000 + Double(number))
            if number % 70 == 0 {
                state.write(detector.takeChanges())
                detector = AccessScanningDetector(
                    Self.analytics, limits: limits, restoring: state, at: 1000 + Double(number))
            }
            if number % 50 == 0 { detector.retireSilentSources(at: 1000 + Double(number)) }
            #expect(detector.profiles.profile(of: source)?.evidence.values(.requestURI).first == "/0", "\(number)")
        }
        // An hour later it is quiet.
        detector.retireSilentSources(at: 4700)
        for number in 400..<500 {
            detector.observe(Self.event(number, "203.0.113.\(number - 400)"), of: number % 2, at: 4701)
        }
        #expect(detector.profiles.profile(of: source) == nil)
    }

    @Test("of a source that scans stays while there are quiet ones, whatever arrives", arguments: 1...6)
    func anyScanning(seed: UInt64) throws {
        let limits = SourceLimits(verified: 40, claimed: 0)
        var random = SeededGenerator(seed: seed)
        var state = DetectionState()
        var detector = AccessScanningDetector(Self.analytics, limits: limits, restoring: state, at: 0)
        var time = 1_000_000.0
        var requests: [Source: [[Double]]] = [:]
        for step in 0..<3000 {
            let isPause = Int.random(in: 0..<500, using: &random) == 0
            time += Double.random(in: 0...(isPause ? 5000 : 10), using: &random)
            let isScan = Int.random(in: 0..<3, using: &random) == 0
            let address =
                isScan ? "192.0.2.\(Int.random(in: 0..<4, using: &random))" : "198.51.\(step / 256).\(step % 256)"
            let analytic = Int.random(in: 0..<2, using: &random)
            detector.observe(Self.event(step, address), of: analytic, at: time)
            requests[try Self.source(address), default: [[], []]][analytic].append(time)
            if Int.random(in: 0..<100, using: &random) == 0 { detector.retireSilentSources(at: time) }
            if Int.random(in: 0..<300, using: &random) == 0 {
                state.write(detector.takeChanges())
                detector = AccessScanningDetector(Self.analytics, limits: limits, restoring: state, at: time)
            }
            try #require(detector.profiles.profiles.count <= 42)
            for (source, times) in requests where times.contains(where: { $0.count > 5 }) {
                let isOver = times.contains { $0.count { time - $0.rounded(.down) < 3600 } > 5 }
                try #require(!isOver || detector.profiles.profile(of: source) != nil, "\(source), step \(step)")
            }
        }
    }

    @Test("of a source that scans gives way to another one if all scan, and not to a single request")
    func allScanning() throws {
        var detector = AccessScanningDetector(Self.analytics, limits: SourceLimits(verified: 5, claimed: 0))
        var number = 0
        let request = { (address: String, analytic: Int, time: Double) in
            number += 1
            detector.observe(Self.event(number, address), of: analytic, at: time)
        }
        for scanner in 0..<7 { for _ in 0..<6 { request("192.0.2.\(scanner)", scanner % 2, 1000 + Double(scanner)) } }
        request("198.51.100.1", 0, 1010)
        #expect(detector.profiles.profile(of: try Self.source("198.51.100.1")) == nil)
        #expect(detector.profiles.profiles.count == 7)
        request("198.51.100.2", 2, 1011)
        #expect(detector.profiles.profile(of: try Self.source("198.51.100.2")) != nil)
        #expect(detector.profiles.profile(of: try Self.source("192.0.2.0")) == nil)
        // Those that have been silent for an hour need no longer scan.
        request("198.51.100.1", 0, 5000)
        #expect(detector.profiles.profile(of: try Self.source("198.51.100.1")) != nil)
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
