import Glibc
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("Clients that keep the server waiting")
struct SlowClientsTests {
    /// Sends a byte every 50 ms until the connection is closed; returns the duration, at most 30 seconds.
    private func drip(on connection: RawConnection) -> Duration {
        let start = ContinuousClock.now
        while start.duration(to: .now) < .seconds(30) {
            guard (try? connection.send("x")) != nil else { break }
            usleep(50_000)
        }
        return start.duration(to: .now)
    }

    @Test(
        "are disconnected even if they send a byte now and then",
        arguments: [
            "G", "GET / HTTP/1.1\r\nHost: test\r\nX: ",
            "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 60000\r\n\r\n",
            "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nea60\r\n",
        ])
    func byteByByte(beginning: String) throws {
        let server = try HTTPServer.forTests(limits: Limits(requestTimeout: 1))
        let connection = try RawConnection(to: server.address)
        try connection.send(beginning)
        let held = drip(on: connection)
        #expect(held < .seconds(15), "it was held for \(held)")
        #expect(try server.get("/").status == 200)
    }

    @Test("are disconnected in their second request as in their first, but not between two requests")
    func kept() async throws {
        let server = try HTTPServer.forTests(limits: Limits(idleTimeout: 3, requestTimeout: 1))
        let slow = try RawConnection(to: server.address)
        try slow.get("/")
        #expect(try slow.response().status == 200)
        let idle = try RawConnection(to: server.address)
        try idle.get("/")
        #expect(try idle.response().status == 200)
        // Longer than the limit for a request.
        try await Task.sleep(for: .seconds(2))
        try idle.get("/")
        #expect(try idle.response().status == 200)
        try slow.send("GET / HTTP/1.1\r\nX: ")
        let held = drip(on: slow)
        #expect(held < .seconds(15), "it was held for \(held)")
    }

    @Test("get time for a long body that arrives fast enough")
    func fair() throws {
        let server = try HTTPServer.forTests(limits: Limits(requestTimeout: 1, slowestRate: 1000, bodySize: 60_000))
        let connection = try RawConnection(to: server.address)
        try connection.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 20000\r\n\r\n")
        for _ in 0..<20 {
            try connection.send([UInt8](repeating: 0, count: 1000))
            usleep(100_000)
        }
        #expect(try connection.response().body.count == 20_000)
    }

    @Test("are disconnected when they read nothing, or too little, of their response")
    func unread() throws {
        let server = try HTTPServer.forTests(limits: Limits(responseTimeout: 1, slowestRate: 8 << 20))
        let connection = try RawConnection(to: server.address)
        try connection.get("/huge")
        #expect(connection.isGivenUp(within: 60))
        #expect(try server.get("/").status == 200)
    }

    @Test("are displaced when all connections are in use, those of their own address first")
    func places() async throws {
        let server = try HTTPServer.forTests(limits: Limits(connections: 8, connectionsPerAddress: 4))
        let kept = try RawConnection(to: server.address, from: "127.0.0.9")
        try kept.get("/")
        #expect(try kept.response().status == 200)
        let slow = try (0..<40).map { number in
            let connection = try RawConnection(to: server.address, from: "127.0.0.\(2 + number % 5)")
            try? connection.send("GET / HT")
            return connection
        }
        for source in ["127.0.0.2", "127.0.0.4", "127.0.0.30"] {
            #expect(try server.get("/", from: source).status == 200)
        }
        try kept.get("/")
        #expect(try kept.response().status == 200, "a connection that kept nobody waiting stays open")
        // Those that were not disconnected finish their requests.
        let answers = slow.map { connection in
            (try? connection.send("TP/1.1\r\nHost: test\r\n\r\n")).flatMap { try? connection.response().status }
        }
        let answered = answers.count { $0 == 200 }
        #expect((1...7).contains(answered), "\(answered) were answered")
    }

    @Test("by the hundred, from one address or many, do not block responses to others", arguments: [1, 4, 200])
    func hundreds(addresses: Int) throws {
        let server = try HTTPServer.forTests(limits: Limits(connections: 64, connectionsPerAddress: 32))
        let slow = try (0..<200).map { number in
            let connection = try RawConnection(to: server.address, from: "127.0.1.\(1 + number % addresses)")
            try? connection.send(number % 5 == 0 ? "GET /huge HTTP/1.1\r\nHost: test\r\n\r\n" : "GET / HT")
            return connection
        }
        for _ in 0..<20 {
            let start = ContinuousClock.now
            #expect(try server.get("/").status == 200)
            #expect(start.duration(to: .now) < .seconds(5))
        }
        #expect(slow.count == 200)
    }
}
