import AccessScanning
import AuditEvents
import Testing

@Suite("The evidence of a source")
struct EvidenceTests {
    private static let key = SipHash128.Key(first: 1, second: 2)
    private let event = AuditEvent(
        requestURI: "/api/v1/pods?limit=500", verb: "list", username: "system:anonymous",
        groups: ["system:unauthenticated", "other"], sourceIPs: ["192.0.2.1"], userAgent: "curl/8", responseCode: 403,
        responseStatus: "Failure", responseReason: "Forbidden", responseMessage: "pods is forbidden", resource: "pods")

    @Test("has the distinct values of each column, in the order in which they were first seen")
    func values() {
        var evidence = Evidence()
        let isNew = evidence.note(event, .forbidden, key: Self.key)
        let isNewAgain = evidence.note(event, .forbidden, key: Self.key)
        var other = event
        other.requestURI = "/version"
        other.userAgent = nil
        other.resource = nil
        other.responseCode = 404
        let hasNew = evidence.note(other, .forbidden, key: Self.key)
        #expect(isNew == .first && isNewAgain == [] && hasNew == .first)
        let expected: [Evidence.Column: [String]] = [
            .user: ["system:anonymous"], .groups: ["system:unauthenticated", "other"], .verb: ["list"],
            .requestURI: ["/api/v1/pods?limit=500", "/version"], .userAgent: ["curl/8"],
            .responseCode: ["403", "404"], .responseMessage: ["pods is forbidden"], .responseReason: ["Forbidden"],
            .responseStatus: ["Failure"], .resource: ["pods"],
        ]
        for column in Evidence.Column.allCases {
            #expect(evidence.values(column) == expected[column], "\(column.name)")
            #expect(evidence.leftOut(column) == 0)
        }
    }

    @Test("has the first eight values of a column, five of those between, and the seven newest ones; it counts losses")
    func manyValues() throws {
        var evidence = Evidence()
        for number in 0..<30 {
            let change = evidence.note(request("/\(number)"), .forbidden, key: Self.key)
            #expect(change == (number < 8 ? .first : .newest))
        }
        let values = evidence.values(.requestURI)
        #expect(values.count == 20 && values == values.sorted { Int($0.dropFirst()) ?? 0 < Int($1.dropFirst()) ?? 0 })
        #expect(values.prefix(8) == ((0..<8).map { "/\($0)" })[...])
        #expect(values.suffix(7) == ((23..<30).map { "/\($0)" })[...])
        #expect(evidence.leftOut(.requestURI) == 10)
        #expect(evidence.leftOut(.verb) == 0)
        let missing = try #require((0..<30).first { !values.contains("/\($0)") })
        evidence.note(request("/\(missing)"), .forbidden, key: Self.key)
        let after = evidence.values(.requestURI)
        #expect(after.suffix(7) == ((24..<30).map { "/\($0)" } + ["/\(missing)"])[...])
        #expect(after.prefix(8) == values.prefix(8))
        #expect(evidence.leftOut(.requestURI) == 11)
    }

    private func request(_ uri: String) -> AuditEvent {
        var request = event
        request.requestURI = uri
        return request
    }

    @Test("shows an attack that follows many harmless requests, one that they follow, and one between them")
    func hiddenAttack() {
        let probe = { (number: Int) in
            var probe = event
            (probe.requestURI, probe.userAgent, probe.resource) = ("/healthz?\(number)", "probe/\(number)", nil)
            return probe
        }
        let attack = { (number: Int) in
            var attack = event
            attack.requestURI = "/api/v1/namespaces/kube-system/secrets/\(number)"
            (attack.userAgent, attack.resource, attack.verb) = ("evil-scanner", "secrets", "get")
            return attack
        }
        let between = (0..<10).map(probe) + (0..<30).map(attack) + (10..<20).map(probe)
        for events in [(0..<25).map(probe) + (0..<40).map(attack), (0..<40).map(attack) + (0..<25).map(probe), between]
        {
            for seed in 1...20 {
                var evidence = Evidence()
                for event in events {
                    evidence.note(event, .forbidden, key: SipHash128.Key(first: UInt64(seed), second: 0))
                }
                #expect(evidence.values(.resource).contains("secrets"))
                #expect(evidence.values(.verb).contains("get"))
                #expect(evidence.values(.requestURI).contains { $0.contains("kube-system") })
                #expect(evidence.values(.requestURI).contains { $0.contains("healthz") })
                #expect(evidence.values(.requestURI).first == events.first?.requestURI)
                #expect(evidence.values(.requestURI).last == events.last?.requestURI)
            }
        }
    }

    @Test("has each value between the first and the newest ones with the same probability")
    func uniform() {
        var kept: [String: Int] = [:]
        for seed in 0..<700 {
            var evidence = Evidence()
            let key = SipHash128.Key(first: UInt64(seed), second: 1)
            for number in 0..<50 { evidence.note(AuditEvent(requestURI: "/\(number)"), .forbidden, key: key) }
            for uri in evidence.values(.requestURI) { kept[uri, default: 0] += 1 }
        }
        // Five of 35: 100 of 700, with a standard deviation of nine.
        for number in 0..<50 {
            let isSampled = (8..<43).contains(number)
            #expect((isSampled ? 50...150 : 700...700).contains(kept["/\(number)"] ?? 0), "\(number)")
        }
    }

    @Test("shows a short value among hundreds that are too long for the sample")
    func longJunk() {
        for seed in 1...20 {
            var evidence = Evidence()
            let key = SipHash128.Key(first: UInt64(seed), second: 2)
            let junk = { (number: Int) in
                var junk = request("/junk/\(number)?" + String(repeating: "A", count: 240))
                junk.userAgent = "\(number)" + String(repeating: "B", count: 240)
                junk.responseMessage = "\(number)" + String(repeating: "C", count: 240)
                return junk
            }
            for number in 0..<30 { evidence.note(junk(number), .forbidden, key: key) }
            evidence.note(request("/api/v1/secrets"), .forbidden, key: key)
            for number in 30..<330 { evidence.note(junk(number), .forbidden, key: key) }
            let (uris, agents) = (evidence.values(.requestURI), evidence.values(.userAgent))
            #expect(uris.contains("/api/v1/secrets") && uris.last?.hasPrefix("/junk/329") == true)
            #expect(agents.contains("curl/8") && agents.last?.hasPrefix("329") == true)
            #expect(evidence.values(.responseMessage).contains("pods is forbidden"))
        }
    }

    @Test("tells outcomes apart: a value of an allowed request gives way only to another one")
    func outcomes() {
        var evidence = Evidence()
        let request = { (uri: String, outcome: Outcome) in
            var other = event
            (other.requestURI, other.responseCode) = (uri, outcome == .allowed ? 200 : 403)
            evidence.note(other, outcome, key: Self.key)
        }
        for number in 0..<12 { request("/\(number)", .forbidden) }
        request("/secret", .allowed)
        request("/3", .unauthorized)
        for number in 100..<400 { request("/\(number)/\(String(repeating: "x", count: number % 250))", .forbidden) }
        #expect(evidence.values(.requestURI, of: .allowed) == ["/secret"])
        #expect(evidence.values(.requestURI, of: .unauthorized) == ["/3"])
        #expect(evidence.values(.responseCode, of: .allowed) == ["200"])
        #expect(evidence.values(.responseCode, of: .forbidden) == ["403"])
        #expect(!evidence.values(.requestURI, of: .forbidden).contains("/secret"))
        #expect(evidence.outcomes.outcomes == Outcome.allCases)
        for number in 0..<20 { request("/secret/\(number)", .allowed) }
        for number in 0..<20 { request("/after/\(number)", .forbidden) }
        let allowed = evidence.values(.requestURI, of: .allowed)
        #expect(allowed.count == 12 && allowed.suffix(7) == ((13..<20).map { "/secret/\($0)" })[...])
    }

    @Test("keeps long values apart that have the same beginning")
    func longValuesWithOneBeginning() {
        var evidence = Evidence()
        for end in ["a", "b", "b"] {
            var other = event
            other.userAgent = String(repeating: "x", count: 300) + end
            evidence.note(other, .forbidden, key: Self.key)
        }
        let beginning = String(repeating: "x", count: 237) + "…"
        // FNV-1a of the whole values, computed by another program.
        #expect(evidence.values(.userAgent) == [beginning + "1e682f5bff08c75c", beginning + "1e68325bff08cc75"])
        #expect(evidence.leftOut(.userAgent) == 0)
    }

    @Test("cuts a long value between two characters, so that it has at most 256 bytes")
    func longValues() {
        for width in 0..<4 {
            var evidence = Evidence()
            var other = event
            other.userAgent = String(repeating: "a", count: width) + String(repeating: "😀", count: 100)
            evidence.note(other, .forbidden, key: Self.key)
            let value = evidence.values(.userAgent)[0]
            #expect(value.utf8.count <= 256 && value.utf8.count > 252 - 3)
            #expect(value.dropLast(16).hasSuffix("😀…") && !value.unicodeScalars.contains("\u{fffd}"))
            #expect(other.userAgent?.hasPrefix(value.dropLast(17)) == true)
        }
        var evidence = Evidence()
        var other = event
        other.userAgent = String(repeating: "a", count: 256)
        evidence.note(other, .forbidden, key: Self.key)
        #expect(evidence.values(.userAgent) == [String(repeating: "a", count: 256)])
    }

    @Test("is kept with the source, with the last five requests and the number of distinct paths")
    func profile() throws {
        var detector = AccessScanningDetector([.forbidden])
        for number in 1...8 {
            var other = event
            other.auditID = "\(number)"
            other.requestURI = "/\(number % 3)?\(number)"
            detector.observe(other, of: 0, at: 1_000_000)
        }
        let profile = try #require(detector.profiles.profiles.first)
        #expect(profile.evidence.values(.requestURI).count == 8)
        #expect(profile.lastRequests.map(\.auditID) == ["4", "5", "6", "7", "8"])
        #expect(profile.paths.count(at: 1_000_000) == 3)
        #expect(profile.paths.count(at: 1_000_000 + 3600) == 3)
        #expect(profile.paths.count(at: 1_000_000 + 3720) == 0)
    }
}
