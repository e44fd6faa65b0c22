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
        let isNew = evidence.note(event)
        let isNewAgain = evidence.note(event)
        var other = event
        other.requestURI = "/version"
        other.userAgent = nil
        other.resource = nil
        other.responseCode = 404
        let hasNew = evidence.note(other)
        #expect(isNew && !isNewAgain && hasNew)
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

    @Test("has no more than 20 values of a column, and counts the requests with others")
    func manyValues() {
        var evidence = Evidence()
        for number in 0..<30 {
            var other = event
            other.requestURI = "/\(number)"
            let isNew = evidence.note(other)
            #expect(isNew == (number < 20))
        }
        #expect(evidence.values(.requestURI) == (0..<20).map { "/\($0)" })
        #expect(evidence.leftOut(.requestURI) == 10)
        #expect(evidence.leftOut(.verb) == 0)
    }

    @Test("cuts a long value between two characters, so that it has at most 256 bytes")
    func longValues() {
        for width in 0..<4 {
            var evidence = Evidence()
            var other = event
            other.userAgent = String(repeating: "a", count: width) + String(repeating: "😀", count: 100)
            evidence.note(other)
            let value = evidence.values(.userAgent)[0]
            #expect(value.utf8.count <= 256 && value.utf8.count > 252 - 3)
            #expect(value.hasSuffix("😀…") && !value.unicodeScalars.contains("\u{fffd}"))
            #expect(other.userAgent?.hasPrefix(value.dropLast()) == true)
        }
        var evidence = Evidence()
        var other = event
        other.userAgent = String(repeating: "a", count: 256)
        evidence.note(other)
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
