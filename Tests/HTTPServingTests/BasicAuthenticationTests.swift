import Foundation
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("A server with users")
struct BasicAuthenticationTests {
    /// The hash of "correct horse".
    private static let hash = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"
    private static let password = "correct horse"

    private static func authorization(_ user: String, _ password: String) -> String {
        "Authorization: Basic \(Data("\(user):\(password)".utf8).base64EncodedString())\r\n"
    }

    private static func post(_ target: String, headers: String = "", body: String) -> String {
        "POST \(target) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    private static let users = "basic_auth_users:\n  alice: \(hash)\n"

    @Test("requires a name and a password on every path", arguments: ["/", "/-/healthy", "/nowhere"])
    func everyPath(target: String) async throws {
        try await withPolicy(Self.users) { server, _ async throws in
            let answer = try await ask(server, target)
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Basic")
            let right = Self.authorization("alice", Self.password)
            #expect(try await ask(server, target, headers: right).status == (target == "/nowhere" ? 404 : 200))
        }
    }

    @Test("accepts the password of each of its users, the first time and later", arguments: ["2a", "2b", "2y"])
    func right(version: String) async throws {
        let hash = Self.hash.replacing("$2y$", with: "$\(version)$")
        // The second one's password is "päss:wörd".
        let other = "$2b$05$abcdefghijklmnopqrstuuNQtfti4zv3hLoqXCqJqjpNf95lUInWO"
        try await withPolicy("basic_auth_users:\n  alice: \(hash)\n  \"b ö\": \(other)\n") { server, _ async throws in
            for _ in 0..<2 {
                let alice = Self.authorization("alice", Self.password)
                let bob = Self.authorization("b ö", "päss:wörd")
                #expect(try await ask(server, headers: alice).text == "hello\n")
                let spaced = alice.replacing("Basic ", with: "bAsIc   ").replacing("\r\n", with: " \t \r\n")
                #expect(try await ask(server, headers: spaced).text == "hello\n")
                #expect(try await ask(server, headers: bob).text == "hello\n")
                let mixed = Self.authorization("alice", "päss:wörd")
                #expect(try await ask(server, headers: mixed).status == 401)
            }
        }
    }

    @Test(
        "rejects all other credentials, the first time and later",
        arguments: [
            authorization("alice", "wrong"), authorization("alice", ""), authorization("", password),
            authorization("Alice", password), authorization("bob", password), authorization("alice", password + " "),
            authorization("alice", password + "\0x"), authorization("alice", String(repeating: "x", count: 3000)),
            "Authorization: Bearer x\r\n", "Authorization: Basic\r\n", "Authorization: Basic !!!\r\n",
            "Authorization: Basic YWxpY2U=\r\n", "Authorization: \r\n",
            authorization("alice", password) + authorization("alice", password),
        ])
    func wrong(headers: String) async throws {
        try await withPolicy(Self.users) { server, _ async throws in
            for _ in 0..<2 {
                let answer = try await ask(server, headers: headers)
                #expect(answer.status == 401)
                #expect(answer.headers["www-authenticate"] == "Basic")
            }
        }
    }

    @Test("keeps connections, whatever the response, and accepts bodies with a password that must be verified first")
    func keepsConnections() async throws {
        try await withPolicy(Self.users, limits: Limits(bodySize: 4 << 20)) { server, _ async throws in
            let connection = try RawConnection(to: server.address)
            let body = String(repeating: "x", count: 500_000)
            let wrong = Self.authorization("alice", "wrong")
            let right = Self.authorization("alice", Self.password)
            for _ in 0..<2 {
                #expect(try await connection.answer(to: RawConnection.get("/")).status == 401)
                #expect(try await connection.answer(to: Self.post("/wait", body: body)).status == 401)
                #expect(try await connection.answer(to: Self.post("/wait", headers: wrong, body: body)).status == 401)
                #expect(
                    try await connection.answer(to: Self.post("/wait", headers: right, body: body)).text == "500000\n")
                #expect(
                    try await connection.answer(to: Self.post("/echo", headers: right, body: body)).text == "500000\n")
                #expect(try await connection.answer(to: RawConnection.get("/", headers: right)).text == "hello\n")
            }
        }
    }

    @Test("reads no long body without valid credentials, and none of clients that expect 100")
    func longBody() async throws {
        try await withPolicy(Self.users, limits: Limits(bodySize: 64 << 20)) { server, _ async throws in
            let wrong = Self.authorization("alice", "wrong")
            for _ in 0..<2 {
                let long = try RawConnection(to: server.address)
                let head = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 60000000\r\n\(wrong)\r\n"
                #expect(try await long.answer(to: head).status == 401)
                let polite = try RawConnection(to: server.address)
                let asking =
                    "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\(wrong)\r\n"
                #expect(try await polite.answer(to: asking).status == 401)
            }
        }
    }

    @Test("sends 100 to a client that expects it once its password is verified")
    func asksFirst() async throws {
        try await withPolicy(Self.users) { server, _ async throws in
            let right = Self.authorization("alice", Self.password)
            let connection = try RawConnection(to: server.address)
            let head =
                "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\(right)\r\n"
            #expect(try await connection.answer(to: head).status == 100)
            #expect(try await connection.answer(to: "body").text == "4\n")
        }
    }

    @Test("uses the users of a new configuration")
    func reload() async throws {
        try await withPolicy(Self.users) { server, reload async throws in
            let alice = Self.authorization("alice", Self.password)
            let bob = Self.authorization("bob", Self.password)
            #expect(try await ask(server, headers: alice).status == 200)
            #expect(try await ask(server, headers: bob).status == 401)
            try reload("basic_auth_users:\n  bob: \(Self.hash)\n")
            #expect(try await ask(server, headers: alice).status == 401)
            #expect(try await ask(server, headers: bob).status == 200)
            try reload("basic_auth_users: {}")
            #expect(try await ask(server).status == 200)
        }
    }

    @Test("hashes few passwords at a time, rejects others with 429, and serves known clients meanwhile")
    func flood() async throws {
        // About 50 ms each.
        let slow = "$2b$10$abcdefghijklmnopqrstuu" + String(repeating: ".", count: 31)
        try await withPolicy("basic_auth_users:\n  alice: \(Self.hash)\n  slow: \(slow)\n") { server, _ async throws in
            let right = Self.authorization("alice", Self.password)
            #expect(try await ask(server, headers: right).status == 200)
            let connections = try (0..<40).map { number in
                let connection = try RawConnection(to: server.address, from: "127.0.0.\(number < 20 ? 2 : 3)")
                try connection.send(RawConnection.get("/", headers: Self.authorization("user\(number)", "guess")))
                return connection
            }
            // A cached client does not wait in the queue.
            #expect(try await ask(server, headers: right).status == 200)
            var statuses: [Int: Int] = [:]
            for connection in connections {
                let answer = try await connection.answer()
                statuses[answer.status, default: 0] += 1
                if answer.status == 429 { #expect(answer.headers["retry-after"] == "1") }
            }
            #expect(Set(statuses.keys) == [401, 429], "\(statuses)")
            #expect(statuses[401, default: 0] >= 8, "\(statuses)")
        }
    }

    @Test("has places in its queue for others while one client guesses")
    func fairness() async throws {
        let slow = "$2b$11$abcdefghijklmnopqrstuu" + String(repeating: ".", count: 31)
        try await withPolicy("basic_auth_users:\n  alice: \(Self.hash)\n  slow: \(slow)\n") { server, _ async throws in
            let connections = try (0..<100).map { number in
                let connection = try RawConnection(to: server.address, from: "127.0.0.2")
                try connection.send(RawConnection.get("/", headers: Self.authorization("user\(number)", "guess")))
                return connection
            }
            // Once it gets a 429, its places are in use.
            for connection in connections.reversed() where try await connection.answer().status == 429 { break }
            let alice = Self.authorization("alice", Self.password)
            #expect(try await ask(server, headers: alice).status == 200)
        }
    }

    @Test("takes as long for an unknown user as for a known one")
    func timing() async throws {
        let slow = "$2b$10$abcdefghijklmnopqrstuu" + String(repeating: ".", count: 31)
        try await withPolicy("basic_auth_users:\n  alice: \(slow)\n") { server, _ async throws in
            var shortest: [String: Duration] = [:]
            for round in 0..<5 {
                for user in ["alice", "nobody"] {
                    let start = ContinuousClock.now
                    let headers = Self.authorization(user, "guess \(round)")
                    #expect(try await ask(server, headers: headers).status == 401)
                    let time = ContinuousClock.now - start
                    shortest[user] = min(shortest[user] ?? time, time)
                }
            }
            let alice = try #require(shortest["alice"])
            let nobody = try #require(shortest["nobody"])
            #expect(alice / nobody > 0.5 && alice / nobody < 2, "\(shortest)")
        }
    }

    @Test("stops in time while passwords are verified, and tolerates clients that disconnect meanwhile")
    func stop() async throws {
        let slow = "$2b$13$abcdefghijklmnopqrstuu" + String(repeating: ".", count: 31)
        try await withPolicy("basic_auth_users:\n  alice: \(slow)\n") { server, _ async throws in
            let guess = { (number: Int) in
                let connection = try RawConnection(to: server.address)
                try connection.send(RawConnection.get("/", headers: Self.authorization("alice", "guess \(number)")))
                return connection
            }
            for number in 0..<3 { _ = try guess(number) }
            let waiting = try guess(3)
            // The fourth waits behind three others that take half a second each.
            try await Task.sleep(for: .milliseconds(100))
            let start = ContinuousClock.now
            await server.shutDown(patience: .milliseconds(10))
            #expect(ContinuousClock.now - start < .seconds(1))
            #expect(try await waiting.answer().status == 503)
        }
    }
}
