import Foundation
import RawHTTP
import Testing
import TestSupport

@testable import HTTPServing

@Suite("A server with rules for all requests")
struct WebPolicyTests {
    @Test("sets header fields on every response, instead of the page's own", arguments: ["/", "/page", "/nowhere"])
    func headers(target: String) async throws {
        let configuration = """
            http_server_config:
              http2: true
              headers:
                Content-Security-Policy: default-src 'self'
                X-Content-Type-Options: nosniff
                X-Frame-Options: deny
                X-XSS-Protection: 0
                Strict-Transport-Security: ""
            """
        try await withPolicy(configuration) { server, reload async throws in
            let answer = try await ask(server, target)
            #expect(answer.headers["content-security-policy"] == "default-src 'self'")
            #expect(answer.headers["x-content-type-options"] == "nosniff")
            #expect(answer.headers["x-frame-options"] == "deny")
            #expect(answer.headers["x-xss-protection"] == "0")
            #expect(answer.headers["strict-transport-security"] == nil)
            try reload("http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=1\n")
            let next = try await ask(server, target)
            #expect(next.headers["strict-transport-security"] == "max-age=1")
            #expect(next.headers["x-frame-options"] == nil)
        }
    }

    @Test("accepts the configured burst of requests, then responds with Retry-After")
    func rateLimit() async throws {
        let users = "basic_auth_users:\n  alice: \("$2y$04$" + String(repeating: ".", count: 53))\n"
        let limit = "rate_limit:\n  interval: 1h\n  burst: 3\n"
        try await withPolicy(limit) { server, reload async throws in
            for _ in 0..<3 { #expect(try await ask(server).status == 200) }
            let connection = try RawConnection(to: server.address)
            for _ in 0..<2 {
                let refused = try await connection.answer(to: RawConnection.get("/"))
                #expect(refused.status == 429)
                #expect(refused.headers["retry-after"].flatMap { Int($0) }.map { (3500...3600).contains($0) } == true)
            }
            try reload(limit + users)
            #expect(try await ask(server).status == 429, "the limit applies, before the password")
            try reload("rate_limit:\n  interval: 1h\n  burst: 0\n")
            #expect(try await ask(server).status == 429, "without a burst, no request at all, as with the toolkit")
            try reload("rate_limit:\n  interval: 1h\n  burst: 1\n")
            #expect(try await ask(server).status == 200)
            #expect(try await ask(server).status == 429)
            try reload("rate_limit:\n  interval: 0\n")
            #expect(try await ask(server).status == 200)
        }
    }

    @Test("has a budget of requests that refills over time")
    func budget() {
        let start = ContinuousClock.now
        var budget = RequestBudget(RateLimit(interval: .seconds(10), burst: 2), at: start)
        #expect(budget.spend(at: start) == nil)
        #expect(budget.spend(at: start) == nil)
        #expect(budget.spend(at: start) == .seconds(10))
        #expect(budget.spend(at: start + .seconds(4)) == .seconds(6), "a rejection costs nothing")
        #expect(budget.spend(at: start + .seconds(10)) == nil)
        #expect(budget.spend(at: start + .seconds(10)) == .seconds(10))
        #expect(budget.spend(at: start + .seconds(1000)) == nil)
        #expect(budget.spend(at: start + .seconds(1000)) == nil)
        #expect(budget.spend(at: start + .seconds(1000)) == .seconds(10), "it never holds more than a burst")
    }

    @Test(
        "reads durations in Go's notation",
        arguments: [
            ("0", Duration.zero), ("1s", .seconds(1)), ("100ms", .milliseconds(100)), ("1m30s", .seconds(90)),
            ("1.5h", .seconds(5400)), ("3us", .microseconds(3)), ("3µs", .microseconds(3)), ("0s", .zero), ("", nil),
            ("1", nil), ("-1s", nil), ("s", nil), ("1x", nil), ("1s ", nil), ("1.s", nil), ("99999999999h", nil),
        ])
    func durations(text: String, duration: Duration?) {
        #expect(GoDuration(text)?.duration == duration)
    }
}
