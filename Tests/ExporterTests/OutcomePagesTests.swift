import AccessScanning
import AuditEvents
import Foundation
import HTTPServing
import TestSupport
import Testing

@testable import Exporter

@Suite("The pages and the API, of several outcomes,")
struct OutcomePagesTests {
    private static let now = 1_795_475_500.0
    private static let analytics: [Analytic] = [.forbidden, .unauthorized, .allowed]

    /// 192.0.2.1 has requests of each outcome, of which some are older than an hour; 192.0.2.2 has unauthorized ones with
    /// two kinds of credentials; 192.0.2.3 has one that was allowed; 203.0.113.9 is claimed with one that was allowed.
    private static let counts: Counts = {
        var detector = AccessScanningDetector(analytics)
        var number = 0
        func add(_ outcome: Outcome, _ sources: [String], _ uri: String, message: String? = nil, ago: Double = 60) {
            number += 1
            let isUnauthorized = outcome == .unauthorized
            let code = [Outcome.forbidden: 403, .unauthorized: 401, .allowed: 200][outcome]
            let analytic = analytics.firstIndex { $0.outcome == outcome }
            detector.observe(
                AuditEvent(
                    auditID: "id-\(number)", stage: "ResponseComplete", requestURI: uri, verb: "get",
                    username: isUnauthorized ? "" : "system:anonymous",
                    groups: isUnauthorized ? [] : ["system:unauthenticated"], sourceIPs: sources, userAgent: "<b>agent",
                    responseCode: code, responseMessage: message), of: analytic ?? 0, at: now - ago
            ) { _ in Location(country: "Peru", city: "") }
        }
        add(.forbidden, ["192.0.2.1"], "/both", ago: 7200)
        for path in 0..<4 { add(.forbidden, ["192.0.2.1"], "/forbidden/\(path)") }
        for path in 0..<3 { add(.unauthorized, ["192.0.2.1"], "/unauthorized/\(path)") }
        add(.allowed, ["192.0.2.1"], "/both")
        add(.allowed, ["192.0.2.1"], "/<open>", ago: 50)
        let messages = ["Authentication failed, no credentials provided", "Authentication failed, attempted: bearer"]
        for message in messages { add(.unauthorized, ["192.0.2.2"], "/api", message: message) }
        add(.unauthorized, ["192.0.2.2"], "/other", message: messages[1])
        add(.allowed, ["203.0.113.9", "192.0.2.3"], "/api/v1/configmaps", ago: 4000)
        var counts = Counts()
        counts.analytics = detector.ledgers.map(\.counts)
        counts.profiles = detector.profiles
        return counts
    }()

    private static func get(_ path: String, _ query: [(String, String)] = []) async -> (status: Int, text: String) {
        let routes = WebRoutes.routes(
            showing: Published(counts), StatusBoard(Status()), telemetryPath: "/metrics", now: { now })
        let response = await routes.respond(
            to: HTTPRequest(
                method: "GET", path: path, query: HTTPQuery(query.map { HTTPQuery.Parameter($0.0, $0.1) })))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// The objects of an answer of the API, by address.
    private static func sources(_ query: [(String, String)], path: String = "") async throws -> [String: [String: Any]]
    {
        let text = await get("/api/v1/sources" + path, query).text
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let data = try #require(object["data"] as? [[String: Any]], "\(text)")
        return Dictionary(uniqueKeysWithValues: data.map { ("\($0["src_ip"] ?? "") \($0["origin"] ?? "")", $0) })
    }

    @Test("count the requests of the chosen outcomes, and list the sources that have some")
    func counted() async throws {
        let (one, two, three) = ("192.0.2.1 verified", "192.0.2.2 verified", "192.0.2.3 verified")
        let claimed = "203.0.113.9 claimed"
        for (outcome, expected) in [
            ("", [one: 5]), ("forbidden", [one: 5]), ("unauthorized", [one: 3, two: 3]),
            ("allowed", [one: 2, three: 1, claimed: 1]), ("all", [one: 10, two: 3, three: 1, claimed: 1]),
        ] {
            let sources = try await Self.sources([("outcome", outcome)])
            #expect(sources.mapValues { $0["count"] as? Int } == expected, "\(outcome)")
            #expect(
                sources[one]?["outcomes"] as? [String: Int] == ["forbidden": 5, "unauthorized": 3, "allowed": 2])
        }
        let last = try await Self.sources([("outcome", "all")])
        #expect(last.mapValues { $0["requests_last_hour"] as? Int } == [one: 9, two: 3, three: 0, claimed: 0])
        let over = try await Self.sources([("outcome", "all"), ("threshold", "5")])
        #expect(Array(over.keys) == [one], "the sum of the chosen outcomes")
        #expect(try await Self.sources([("threshold", "5")]).isEmpty, "four of the last hour were forbidden")
    }

    @Test("show the evidence of the chosen outcomes")
    func evidence() async throws {
        for (outcome, uris, outcomes) in [
            ("forbidden", ["/both", "/forbidden/0", "/forbidden/1", "/forbidden/2", "/forbidden/3"], ["forbidden"]),
            ("unauthorized", ["/unauthorized/0", "/unauthorized/1", "/unauthorized/2"], ["unauthorized"]),
            ("allowed", ["/both", "/<open>"], ["allowed"]),
        ] {
            let source = try await Self.sources([("outcome", outcome)], path: "/192.0.2.1")["192.0.2.1 verified"]
            #expect(source?["request_uri"] as? [String] == uris, "\(outcome)")
            #expect(source?["outcome"] as? [String] == outcomes)
        }
        let all = try await Self.sources([("outcome", "all")], path: "/192.0.2.1")["192.0.2.1 verified"]
        #expect((all?["request_uri"] as? [String])?.count == 9)
        #expect(all?["outcome"] as? [String] == ["forbidden", "unauthorized", "allowed"])
        #expect(all?["distinct_request_paths"] as? Int == 9)
    }

    @Test("have times of the chosen outcomes")
    func times() async throws {
        let first = { (outcome: String) in
            try await Self.sources([("outcome", outcome)])["192.0.2.1 verified"]?["first_seen"] as? String
        }
        #expect(try await first("forbidden") == UTCTime(Self.now - 7200).description)
        #expect(try await first("allowed") == UTCTime(Self.now - 60).description)
        let last = try await Self.sources([("outcome", "allowed")])["192.0.2.1 verified"]?["last_seen"] as? String
        #expect(last == UTCTime(Self.now - 50).description)
    }

    @Test("refuse an outcome that there is not, and answer 404 for a source without requests of one")
    func refusals() async {
        let refusal = await Self.get("/api/v1/sources", [("outcome", "refused")])
        #expect(refusal.status == 400)
        #expect(refusal.text.contains("is not forbidden, unauthorized, allowed or all"))
        #expect(await Self.get("/sources", [("outcome", "\u{202e}")]).status == 400)
        #expect(await Self.get("/api/v1/sources/192.0.2.2").status == 404, "it has no forbidden requests")
        #expect(await Self.get("/api/v1/sources/192.0.2.2", [("outcome", "all")]).status == 200)
        let page = await Self.get("/sources/192.0.2.2", [("outcome", "allowed")])
        #expect(page.status == 404)
        #expect(page.text.contains("<h1>No allowed requests of 192.0.2.2</h1>"))
    }

    @Test("list three counts, and mark those of allowed requests")
    func list() async {
        let page = await Self.get("/sources").text
        let row = page.split(separator: "\n").first { $0.contains("192.0.2.1</a>") } ?? ""
        #expect(row.contains(#"<td class="n more">5</td><td class="n more">3</td>"#), "\(row)")
        #expect(row.contains(#"<td class="n"><span class="badge over">2</span></td>"#), "\(row)")
        #expect(row.contains(#"<span class="badge over">over 5</span> 9"#), "\(row)")
        let claimed = page.split(separator: "\n").first { $0.contains("203.0.113.9</a>") } ?? ""
        #expect(claimed.contains(#"<span class="badge">1</span>"#), "a claimed source is never red: \(claimed)")
        let allowed = await Self.get("/sources", [("outcome", "allowed"), ("sort", "allowed")]).text
        #expect(allowed.contains(#"<option value="allowed" selected>"#))
        #expect(allowed.contains("3 sources."))
        #expect(allowed.contains(#"href="sources?outcome=allowed&amp;sort=forbidden""#))
    }

    @Test("have a row for each counter of a source, and mark the values of allowed requests")
    func source() async {
        let page = await Self.get("/sources/192.0.2.1").text
        #expect(page.contains(#"<code>/both</code> <span class="badge over">allowed</span>"#))
        #expect(page.contains(#"<code>/&lt;open&gt;</code> <span class="badge over">allowed</span>"#))
        #expect(page.contains("<code>/forbidden/0</code></li>"))
        #expect(page.contains(#"<a href="../sources/192.0.2.1?outcome=unauthorized">unauthorized</a>"#))
        #expect(page.contains(#"<a href="../sources/192.0.2.1" aria-current="page">all</a>"#))
        for text in ["4 requests, forbidden", "3 requests, unauthorized", "2 requests, allowed"] {
            #expect(page.contains(text), "\(text)")
        }
        let claimed = await Self.get("/sources/203.0.113.9").text
        #expect(claimed.contains(#"<span class="badge">allowed</span>"#) && !claimed.contains("badge over"))
        let chosen = await Self.get("/sources/192.0.2.1", [("outcome", "unauthorized")]).text
        #expect(!chosen.contains("/both") && chosen.contains("<code>/unauthorized/1</code></li>"))
        #expect(!chosen.contains("requests, forbidden"))
        let credentials = await Self.get("/sources/192.0.2.2").text
        #expect(credentials.contains(#"<th scope="row">unauthorized, no credentials</th><td class="n">1</td>"#))
        #expect(credentials.contains(#"<th scope="row">unauthorized, credentials presented</th><td class="n">2</td>"#))
        #expect(!credentials.contains("aria-current"), "there is nothing to choose from")
    }

    @Test("begin with the requests that were allowed in the last hour, and with the budgets of each outcome")
    func landing() async {
        let page = await Self.get("/").text
        #expect(page.contains("2 requests without credentials were allowed in the last hour"))
        #expect(page.contains(#"<a href="./sources?outcome=allowed&amp;origin=verified">1 source</a>"#))
        for (outcome, counters) in [("forbidden", 1), ("unauthorized", 3), ("allowed", 2)] {
            #expect(page.contains(#"<td>\#(outcome)</td><td>verified</td><td class="n">\#(counters)</td>"#))
        }
    }
}
