import AccessScanning
import AuditEvents
import Foundation
import HTTPServing
import TestSupport
import Testing

@testable import Exporter

@Suite("The pages of sources")
struct SourcesPagesTests {
    private static let now = 1_795_475_500.0

    /// - Parameter requests: The source IPs of each request, its user agent, and how many seconds ago it was.
    private static func counts(_ requests: [([String], agent: String, ago: Double)]) -> Counts {
        var detector = AccessScanningDetector([.forbidden], limits: SourceLimits(verified: 20_000, claimed: 20_000))
        for (index, request) in requests.enumerated() {
            detector.observe(
                AuditEvent(
                    auditID: "id-\(index)", requestURI: "/api/\(index)", sourceIPs: request.0, userAgent: request.agent,
                    responseCode: 403), of: 0, at: now - request.ago
            ) { Location(country: $0.isIPv4 ? "Peru" : "Chile", city: "") }
        }
        var counts = Counts()
        counts.sources = detector.ledgers[0].sources.counts
        counts.profiles = detector.profiles
        return counts
    }

    private static let few = counts(
        [(["192.0.2.10"], "curl", 7200), (["2001:db8::1"], "Nmap", 60)]
            + (0..<7).map { _ in (["203.0.113.9", "192.0.2.9"], "zgrab", 50) } + [(["192.0.2.9"], "<i>", 40)]
            + [(["192.0.2.9", "203.0.113.9"], "curl", 30)])

    private static func get(
        _ path: String, _ query: [(String, String)] = [], of counts: Counts = few
    ) async -> (status: Int, text: String, headers: [String: String]) {
        let routes = WebRoutes.routes(
            showing: Published(counts), StatusBoard(Status()), telemetryPath: "/metrics", now: { now })
        let response = await routes.respond(
            to: HTTPRequest(
                method: "GET", path: path,
                query: HTTPQuery(query.map { HTTPQuery.Parameter($0.0, $0.1) })))
        // Long addresses may be broken after a colon.
        let text = String(decoding: response.body, as: UTF8.self).replacing("<wbr>", with: "")
        return (response.status, text, response.headers)
    }

    /// The addresses of the rows, in order; claimed ones in parentheses.
    private static func rows(_ query: [(String, String)] = [], of counts: Counts = few) async -> [String] {
        let page = await get("/sources", query, of: counts).text
        return page.matches(of: #/<tr><th scope="row"><a href="[^"]*">([^<]*)</a></th>.*?<td>(verified|claimed)</td>/#)
            .map { $0.2 == "claimed" ? "(\($0.1))" : String($0.1) }
    }

    @Test("list the sources with the most requests in the last hour first, and mark those over the threshold")
    func list() async {
        #expect(
            await Self.rows() == [
                "192.0.2.9", "(203.0.113.9)", "(192.0.2.9)", "203.0.113.9", "2001:db8::1", "192.0.2.10",
            ])
        let page = await Self.get("/sources")
        #expect(page.text.contains(#"<td class="n"><span class="badge over">over 5</span> 8</td>"#))
        #expect(page.text.matches(of: #/badge over/#).count == 1, "not on the claimed one")
        #expect(page.text.contains(#"<td class="n"><span class="badge">over 5</span> 7</td>"#))
        #expect(page.text.contains("more than 5 requests within an hour"))
        #expect(page.headers["Content-Security-Policy"]?.contains("script-src 'self'") == true)
        #expect(page.headers["Content-Security-Policy"]?.contains("unsafe") == false)
    }

    @Test("are sorted by any column, and say so to screen readers")
    func sorting() async {
        #expect(
            await Self.rows([("sort", "address")])
                == ["192.0.2.9", "(192.0.2.9)", "192.0.2.10", "203.0.113.9", "(203.0.113.9)", "2001:db8::1"])
        #expect(await Self.rows([("sort", "last"), ("order", "asc")]).first == "192.0.2.10")
        #expect(await Self.rows([("sort", "location")]).first == "2001:db8::1")
        let page = await Self.get("/sources", [("sort", "allowed"), ("q", "curl"), ("page", "3")]).text
        #expect(
            page.contains(
                #"<th scope="col" class="n" aria-sort="descending"><a href="sources?q=curl&amp;sort=allowed&amp;order=asc""#
            ))
        #expect(page.matches(of: #/aria-sort/#).count == 1)
        for sort in SourcesQuery.Sort.allCases { #expect(await Self.rows([("sort", sort.rawValue)]).count == 6) }
    }

    @Test("are searched by address, place, evidence and audit ID, and filtered by origin and threshold")
    func filters() async {
        #expect(await Self.rows([("q", "nmap")]) == ["2001:db8::1"], "whatever the case")
        #expect(await Self.rows([("q", "CHILE")]) == ["2001:db8::1"])
        #expect(await Self.rows([("q", "192.0.2.1")]) == ["192.0.2.10"])
        #expect(await Self.rows([("q", "no such text")]) == [])
        #expect(await Self.rows([("audit_id", "id-1")]) == ["2001:db8::1"])
        #expect(await Self.rows([("audit_id", "id-")]) == [], "a whole ID")
        #expect(await Self.rows([("origin", "claimed")]) == ["(203.0.113.9)", "(192.0.2.9)"])
        #expect(await Self.rows([("threshold", "7")]) == ["192.0.2.9"])
        #expect(await Self.rows([("threshold", ""), ("origin", ""), ("q", "")]).count == 6, "an empty form")
        #expect(await Self.get("/sources", [("audit_id", "gone")]).text.contains("No source has this audit ID"))
        #expect(await Self.get("/sources", [("origin", "<b>")]).status == 400)
        #expect(await Self.get("/sources", [("page", "-1")]).status == 400)
    }

    @Test("have 200 rows at most, and pages for the rest")
    func paging() async {
        let counts = Self.counts(
            (0..<11_000).map { (["10.\($0 / 65536).\($0 / 256 % 256).\($0 % 256)"], "agent", 10) })
        let first = await Self.get("/sources", of: counts).text
        #expect(first.utf8.count < 200_000)
        #expect(first.contains("11,000 sources, 1 to 200 shown."))
        #expect(first.contains(#"<a href="sources?page=2" rel="next">"#))
        #expect(!first.contains(#"rel="prev""#))
        #expect(await Self.rows([("page", "2")], of: counts).first == "10.0.0.200")
        #expect(await Self.rows([("page", "55")], of: counts).count == 200)
        #expect(await Self.rows([("page", "999999999")], of: counts).last == "10.0.42.247", "the last page")
    }

    @Test("describe a source, and link to the same address with the other origin")
    func source() async {
        let page = await Self.get("/sources/192.0.2.9").text
        #expect(page.contains("<h1>192.0.2.9</h1>"))
        #expect(page.contains("<code>/api/2</code>"))
        #expect(page.contains("<code>&lt;i&gt;</code>"))
        #expect(page.contains(#"<a href="../sources/192.0.2.9?origin=claimed">"#))
        #expect(page.contains("<code>id-9</code>"))
        #expect(page.contains("<svg"))
        #expect(page.contains(#"<rect class="bar forbidden""#))
        #expect(page.contains("Requests in 2 minutes of the last hour, at most 7 requests a minute"))
        let claimed = await Self.get("/sources/192.0.2.9", [("origin", "claimed")]).text
        #expect(claimed.contains("it may be forged"))
        #expect(claimed.contains("id-10") && !claimed.contains("id-9<"))
        let quiet = await Self.get("/sources/192.0.2.10").text
        #expect(quiet.contains("No requests in the last hour."))
        #expect(await Self.get("/sources/2001:DB8::0:1").text.contains("<h1>2001:db8::1</h1>"))
    }

    @Test("answer an unknown or impossible address with a page that says so")
    func unknown() async {
        let missing = await Self.get("/sources/198.51.100.1")
        #expect(missing.status == 404)
        #expect(missing.text.contains("No source 198.51.100.1"))
        let impossible = await Self.get("/sources/<script>")
        #expect(impossible.status == 400)
        #expect(impossible.text.contains("<h1>Invalid address</h1>"))
        let parameter = await Self.get("/sources", [("sort", "x")])
        #expect(parameter.text.contains("<h1>Invalid parameter &quot;sort&quot;</h1>"))
        #expect(parameter.text.contains("requests, total, forbidden, unauthorized, allowed, paths, address"))
        #expect(impossible.text.contains("&lt;script&gt;") && !impossible.text.contains("<script>"))
        #expect(await Self.get("/sources/other").status == 404)
        let slash = await Self.get("/sources/")
        #expect(slash.status == 302)
        #expect(slash.headers["Location"] == "../sources")
        #expect(await Self.get("/sources/", [("q", "a&b")]).headers["Location"] == "../sources?q=a%26b")
        #expect(await Self.get("/api/v1/sources/").text == Self.get("/api/v1/sources").text)
    }

    @Test("count what was left out of the evidence")
    func leftOut() async {
        let counts = Self.counts((0..<45).map { (["192.0.2.1"], "agent \($0)", 10) })
        let page = await Self.get("/sources/192.0.2.1", of: counts).text
        #expect(["0", "9", "35", "44"].allSatisfy { page.contains("<code>agent \($0)</code>") })
        #expect(!page.contains("agent 10") && !page.contains("agent 34"))
        #expect(page.contains("25 values not kept"))
        #expect(await Self.get("/sources", of: counts).text.contains("+19"))
    }

    @Test("show text of clients as text, on all pages and in links")
    func hostile() async {
        let texts = [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onclick='alert(1)",
            "javascript:alert(1)",
            "\u{1b}[2J", "\u{202e}exe.txt", "</code></li><h1>forged",
        ]
        let counts = Self.counts(texts.map { ([$0, "192.0.2.1"], $0, 10) })
        for (path, query) in [
            ("/sources", []), ("/sources/192.0.2.1", []), ("/sources/invalid", []),
        ] + texts.map({ ("/sources", [("q", $0), ("audit_id", $0)]) }) + [("/", [])] {
            let page = await Self.get(path, query, of: counts)
            #expect(page.status == 200)
            #expect(!page.text.contains("<script>") && !page.text.contains("<img") && !page.text.contains("<h1>forged"))
            #expect(page.text.matches(of: #/<h1/#).count == 1)
            #expect(!page.text.unicodeScalars.contains { $0.isInvisible && $0 != "\n" })
            for match in page.text.matches(of: #/(href|src|action)="([^"]*)"/#) {
                #expect(match.2.contains(#/^(#main|\.{0,2}/?[-\w./:]*(\?[-\w.~%:=&;]*)?)$/#), "\(match.2)")
                #expect(!match.2.hasPrefix("javascript"))
            }
        }
    }

    @Test("tell a backslash of a client from an escape, and keep a searched one as it was typed")
    func backslashes() async {
        let counts = Self.counts([(["192.0.2.1"], #"\u202e"#, 10), (["192.0.2.1"], "\u{202e}", 10)])
        let page = await Self.get("/sources/192.0.2.1", of: counts).text
        #expect(page.contains(#"<code>\\u202e</code></li><li><code>\u202e</code>"#))
        #expect(await Self.get("/sources", [("q", #"a\b"#)]).text.contains(#"value="a\b""#))
        #expect(await Self.get("/sources/a%5Cb").text.contains("Invalid address"))
    }

    @Test("take the sum of all other sources for no scan")
    func other() async {
        var detector = AccessScanningDetector([.forbidden], limits: SourceLimits(verified: 1, claimed: 1))
        for index in 0..<60 {
            detector.observe(
                AuditEvent(
                    auditID: "id-\(index)", requestURI: "/", sourceIPs: ["192.0.2.\(index / 20)"], responseCode: 403),
                of: 0, at: Self.now - 10
            ) { _ in .unknown }
        }
        var counts = Counts()
        counts.sources = detector.ledgers[0].sources.counts
        counts.profiles = detector.profiles
        #expect(await Self.rows(of: counts).contains("other"))
        #expect(await Self.rows([("threshold", "5")], of: counts) == ["192.0.2.0"])
        #expect(await !Self.get("/api/v1/sources", [("threshold", "5")], of: counts).text.contains("other"))
        #expect(await !Self.get("/", of: counts).text.contains("sources/other"))
        #expect(await !Self.get("/sources/other", of: counts).text.contains("badge over"))
    }

    @Test("wait for at most three other searches; a further one is refused at once")
    func searches() async {
        let searches = SourceSearches()
        let gate = DispatchSemaphore(value: 0)
        await withTaskGroup(of: HTTPResponse?.self) { group in
            for _ in 0..<SourceSearches.limit + 3 {
                group.addTask {
                    await searches.response {
                        gate.wait()
                        return .text("")
                    }
                }
            }
            for _ in 0..<3 { #expect(await group.next() == .some(nil), "refused while the others wait") }
            for _ in 0..<SourceSearches.limit { gate.signal() }
            for await response in group { #expect(response != nil) }
        }
        gate.signal()
        #expect(
            await searches.response {
                gate.wait(); return .text("")
            } != nil, "there is a place again")
    }

    @Test("begin with verified sources, whatever addresses others claim")
    func claimedLanding() async {
        let page = await Self.get("/").text
        let shown = page.matches(of: #/<a href="\./sources/([\d.:a-f]+)[^>]*>/#).map { String($0.1) }
        #expect(shown == ["192.0.2.9", "203.0.113.9", "2001:db8::1"])
        #expect(page.contains("2 claimed sources in the last hour"))
        #expect(page.contains(#"<a href="./sources?origin=claimed">"#))
    }

    @Test("begin with the five most active sources")
    func landing() async {
        let counts = Self.counts(
            (1...9).flatMap { source in (0..<source).map { _ in (["192.0.2.\(source)"], "a", 9) } })
        let page = await Self.get("/", of: counts).text
        let shown = page.matches(of: #/<a href="\./sources/([\d.]+)">/#).map { String($0.1) }
        #expect(shown == (5...9).reversed().map { "192.0.2.\($0)" })
        #expect(page.contains(#"<a href="./sources">All sources</a>"#))
        #expect(await Self.get("/", of: Counts()).text.contains("No requests in the last hour."))
    }
}
