import AccessScanning
import AuditEvents
import Foundation
import HTTPServing
import TestSupport
import Testing

@testable import Exporter

@Suite("The sources API")
struct SourcesAPITests {
    private static let now = 1_795_475_500.0

    /// Three requests of 192.0.2.1, which claimed to be 203.0.113.9 once, one of 2001:db8::1, and an old one of 192.0.2.2.
    private static let counts: Counts = {
        var detector = AccessScanningDetector([.forbidden])
        let requests: [([String], ago: Double)] = [
            (["192.0.2.2"], 7200), (["2001:db8::1"], 60), (["192.0.2.1"], 50), (["203.0.113.9", "192.0.2.1"], 40),
            (["192.0.2.1"], 30), (["nonsense", "198.51.100.1"], 20),
        ]
        for (index, request) in requests.enumerated() {
            detector.observe(
                AuditEvent(
                    auditID: "id-\(index)", stage: "ResponseComplete", requestURI: "/api/<v1>?\(index)", verb: "get",
                    username: "system:anonymous", groups: ["system:unauthenticated"], sourceIPs: request.0,
                    userAgent: "\u{1b}[2Jcurl", responseCode: 403, responseReason: "Forbidden", resource: "pods/exec",
                    requestReceivedTimestamp: "2026-11-23T22:10:06.5Z"), of: 0, at: now - request.ago
            ) { _ in Location(country: "Côte d'Ivoire", city: "\"<b>") }
        }
        var counts = Counts()
        counts.sources = detector.ledgers[0].sources.counts
        counts.profiles = detector.profiles
        return counts
    }()

    private static func get(_ path: String, _ query: [HTTPQuery.Parameter]? = []) async -> HTTPResponse {
        let routes = WebRoutes.routes(
            showing: Published(counts), StatusBoard(Status()), telemetryPath: "/metrics", now: { now })
        return await routes.respond(to: HTTPRequest(method: "GET", path: path, query: HTTPQuery(query)))
    }

    private static func object(_ response: HTTPResponse) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
    }

    /// The addresses of the answer to a query, in its order.
    private static func addresses(_ path: String, _ query: [HTTPQuery.Parameter] = []) async throws -> [String] {
        let response = await get(path, query)
        let object = try object(response)
        #expect(response.status == 200)
        #expect(response.headers["Content-Type"] == "application/json")
        #expect(object["status"] as? String == "success")
        return try #require(object["data"] as? [[String: Any]]).map {
            "\($0["src_ip"] ?? "") \($0["origin"] ?? "")"
        }
    }

    @Test("lists all sources, those with the most requests in the last hour first, then by address")
    func list() async throws {
        #expect(
            try await Self.addresses("/api/v1/sources") == [
                "192.0.2.1 verified", "198.51.100.1 verified", "203.0.113.9 claimed", "2001:db8::1 verified",
                "invalid claimed", "192.0.2.2 verified",
            ])
    }

    @Test("describes a source")
    func source() async throws {
        let data = try #require(
            Self.object(await Self.get("/api/v1/sources/192.0.2.1"))["data"] as? [[String: Any]])
        let source = try #require(data.first)
        #expect(data.count == 1)
        #expect(source["src_ip"] as? String == "192.0.2.1")
        #expect(source["country"] as? String == "Côte d'Ivoire")
        #expect(source["city"] as? String == "\"<b>")
        #expect(source["origin"] as? String == "verified")
        #expect(source["count"] as? Int == 3)
        #expect(source["requests_last_hour"] as? Int == 3)
        #expect(source["first_seen"] as? String == "2026-11-23T23:10:50.000000Z")
        #expect(source["last_seen"] as? String == "2026-11-23T23:11:10.000000Z")
        #expect(source["distinct_request_paths"] as? Int == 1)
        #expect(source["user"] as? [String] == ["system:anonymous"])
        #expect(source["groups"] as? [String] == ["system:unauthenticated"])
        #expect(source["verb"] as? [String] == ["get"])
        #expect(source["request_uri"] as? [String] == ["/api/<v1>?2", "/api/<v1>?3", "/api/<v1>?4"])
        #expect(source["user_agent"] as? [String] == ["\u{1b}[2Jcurl"])
        #expect(source["response_code"] as? [Int] == [403])
        #expect(source["response_message"] as? [String] == [])
        #expect(source["response_reason"] as? [String] == ["Forbidden"])
        #expect(source["response_status"] as? [String] == [])
        #expect(source["resource"] as? [String] == ["pods/exec"])
        #expect(source["left_out"] as? [String: Int] == [:])
        #expect(
            (source["last_requests"] as? [[String: Any]])?.map { $0["audit_id"] as? String } == [
                "id-2", "id-3", "id-4",
            ])
        let last = try #require((source["last_requests"] as? [[String: Any]])?.last)
        #expect(last["audit_id"] as? String == "id-4")
        #expect(last["received"] as? String == "2026-11-23T22:10:06.500000Z")
    }

    @Test("finds a source by any spelling of its address, and by its origin")
    func spellings() async throws {
        #expect(try await Self.addresses("/api/v1/sources/2001:DB8:0::1") == ["2001:db8::1 verified"])
        #expect(try await Self.addresses("/api/v1/sources/invalid") == ["invalid claimed"])
        let claimed = [HTTPQuery.Parameter("origin", "claimed")]
        #expect(try await Self.addresses("/api/v1/sources/203.0.113.9", claimed) == ["203.0.113.9 claimed"])
        #expect(await Self.get("/api/v1/sources/192.0.2.1", claimed).status == 404)
    }

    @Test("applies threshold, origin and limit")
    func filters() async throws {
        let path = "/api/v1/sources"
        #expect(try await Self.addresses(path, [.init("threshold", "2")]) == ["192.0.2.1 verified"])
        #expect(try await Self.addresses(path, [.init("threshold", "3")]) == [])
        #expect(try await Self.addresses(path, [.init("threshold", "0")]).count == 5, "not the one of two hours ago")
        #expect(
            try await Self.addresses(path, [.init("origin", "claimed")]) == ["203.0.113.9 claimed", "invalid claimed"])
        #expect(try await Self.addresses(path, [.init("limit", "1")]) == ["192.0.2.1 verified"])
        #expect(try await Self.addresses(path, [.init("limit", "0")]).count == 6, "no limit, as in Prometheus' API")
        #expect(
            try await Self.addresses(path, [.init("threshold", ""), .init("origin", "")]).count == 6, "an empty form")
    }

    @Test("refuses parameters that cannot be used, and says why")
    func refusals() async throws {
        for (path, name, value, message) in [
            ("/api/v1/sources", "threshold", "-1", #"invalid parameter "threshold": "-1" is not a whole number"#),
            ("/api/v1/sources", "limit", "1e9", #"invalid parameter "limit": "1e9" is not a whole number"#),
            ("/api/v1/sources", "limit", "99999999999999999999", "invalid parameter"),
            (
                "/api/v1/sources", "origin", "forged",
                #"invalid parameter "origin": "forged" is not verified or claimed"#
            ),
            ("/api/v1/sources/192.0.2.1", "origin", "\u{202e}", #"invalid parameter "origin": "\u202e" is not"#),
            ("/api/v1/sources/a.b.c.d", "a", "b", #""a.b.c.d" is not an IP address, invalid or other"#),
            ("/api/v1/sources/192.0.2.1/", "a", "b", #""192.0.2.1/" is not an IP address"#),
        ] {
            let response = await Self.get(path, [.init(name, value)])
            #expect(response.status == 400)
            let object = try Self.object(response)
            #expect(object["status"] as? String == "error")
            #expect(object["errorType"] as? String == "bad_data")
            #expect((object["error"] as? String)?.hasPrefix(message) == true, "\(object)")
        }
        #expect(await Self.get("/api/v1/sources", nil).status == 400, "escapes that cannot be resolved")
        let missing = await Self.get("/api/v1/sources/198.51.100.77")
        #expect(missing.status == 404)
        #expect(try Self.object(missing)["errorType"] as? String == "not_found")
    }
}
