import AccessScanning
import AuditEvents
import Testing

@Suite("The evidence of a source")
struct EvidenceTests {
    private let event = AuditEvent(
        requestURI: "/api/v1/pods?limit=500", verb: "list", username: "system:anonymous",
        groups: ["system:unauthenticated", "other"], sourceIPs: ["192.0.2.1"], userAgent: "curl/8", responseCode: 403,
        responseStatus: "Failure", responseReason: "Forbidden", responseMessage: "pods is forbidden", resource: "pods")

    @Test("has the distinct values of each column, in the order in which they were first seen")
    func values() {
        var evidence = Evidence()
        let isNew = evidence.note(event, .forbidden)
        let isNewAgain = evidence.note(event, .forbidden)
        var other = event
        other.requestURI = "/version"
        other.userAgent = nil
        other.resource = nil
        other.responseCode = 404
        let hasNew = evidence.note(other, .forbidden)
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

    @Test("has the first ten values of a column and the ten newest ones, and counts how often one gave way")
    func manyValues() {
        var evidence = Evidence()
        for number in 0..<30 {
            var other = event
            other.requestURI = "/\(number)"
            let change = evidence.note(other, .forbidden)
            #expect(change == (number < 10 ? .first : .newest))
        }
        #expect(evidence.values(.requestURI) == (Array(0..<10) + Array(20..<30)).map { "/\($0)" })
        #expect(evidence.leftOut(.requestURI) == 10)
        #expect(evidence.leftOut(.verb) == 0)
        var again = event
        again.requestURI = "/15"
        evidence.note(again, .forbidden)
        #expect(evidence.values(.requestURI) == (Array(0..<10) + Array(21..<30) + [15]).map { "/\($0)" })
        #expect(evidence.leftOut(.requestURI) == 11)
    }

    @Test("shows an attack that follows many harmless requests, and one that they follow")
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
        for events in [(0..<25).map(probe) + (0..<40).map(attack), (0..<40).map(attack) + (0..<25).map(probe)] {
            var evidence = Evidence()
            for event in events { evidence.note(event, .forbidden) }
            #expect(evidence.values(.userAgent).contains("evil-scanner"))
            #expect(evidence.values(.resource).contains("secrets"))
            #expect(evidence.values(.verb).contains("get"))
            #expect(evidence.values(.requestURI).contains { $0.contains("kube-system") })
            #expect(evidence.values(.requestURI).contains { $0.contains("healthz") })
            #expect(evidence.values(.requestURI).first == events.first?.requestURI)
            #expect(evidence.values(.requestURI).last == events.last?.requestURI)
        }
    }

    @Test("tells outcomes apart: a value of an allowed request gives way only to another one")
    func outcomes() {
        var evidence = Evidence()
        let request = { (uri: String, outcome: Outcome) in
            var other = event
            (other.requestURI, other.responseCode) = (uri, outcome == .allowed ? 200 : 403)
            evidence.note(other, outcome)
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
        #expect(evidence.values(.requestURI, of: .allowed) == (10..<20).map { "/secret/\($0)" })
    }

    @Test("keeps long values apart that have the same beginning")
    func longValuesWithOneBeginning() {
        var evidence = Evidence()
        for end in ["a", "b", "b"] {
            var other = event
            other.userAgent = String(repeating: "x", count: 300) + end
            evidence.note(other, .forbidden)
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
            evidence.note(other, .forbidden)
            let value = evidence.values(.userAgent)[0]
            #expect(value.utf8.count <= 256 && value.utf8.count > 252 - 3)
            #expect(value.dropLast(16).hasSuffix("😀…") && !value.unicodeScalars.contains("\u{fffd}"))
            #expect(other.userAgent?.hasPrefix(value.dropLast(17)) == true)
        }
        var evidence = Evidence()
        var other = event
        other.userAgent = String(repeating: "a", count: 256)
        evidence.note(other, .forbidden)
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
