import Foundation
import HTTPServing
import RawHTTP
import Synchronization
import Testing
import TestSupport

@Suite("A handler that waits")
struct WaitingHandlerTests {
    /// Releases handlers when the test asks for it, and counts their calls.
    final class Gate: Sendable {
        private let arrivals = Mutex(0)
        private let (opening, continuation) = AsyncStream.makeStream(of: Void.self)
        private let opened: Task<Void, Never>

        init() {
            opened = Task { [opening] in for await _ in opening {} }
        }

        var count: Int { arrivals.withLock { $0 } }

        func pass() async {
            arrivals.withLock { $0 += 1 }
            await opened.value
        }

        func open() {
            continuation.finish()
        }
    }

    /// A server with a handler that waits at a gate and then returns the body.
    private func server(_ gate: Gate, limits: Limits = Limits()) throws -> HTTPServer {
        var routes = Routes()
        routes.on("GET", "/") { _ in .text("hello\n") }
        routes.onWaiting("POST", "/wait") { request in
            await gate.pass()
            return HTTPResponse(body: request.body)
        }
        return try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, limits: limits)
    }

    private func post(_ body: String, headers: String = "") -> String {
        "POST /wait HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\(headers)\r\n\(body)"
    }

    @Test("keeps nobody else waiting, and its connection stays open")
    func others() async throws {
        let gate = Gate()
        let server = try server(gate)
        let waiting = try (0..<300).map { number in
            let connection = try RawConnection(to: server.address, from: "127.0.0.\(2 + number % 4)")
            try connection.send(post("body \(number)"))
            return connection
        }
        try await eventually("all handlers to run") {
            gate.count
        } is: {
            $0 == 300
        }
        #expect(try server.get("/").status == 200)
        gate.open()
        for (number, connection) in waiting.enumerated() {
            #expect(try await connection.answer().text == "body \(number)")
            try connection.send(post("again \(number)"))
            #expect(try await connection.answer().text == "again \(number)")
        }
        await server.shutDown()
    }

    @Test("is abandoned when its client disconnects, and the server continues")
    func clientLeaves() async throws {
        let gate = Gate()
        let server = try server(gate)
        for _ in 0..<20 {
            try RawConnection(to: server.address).send(post("gone"))
        }
        try await eventually("all handlers to run") {
            gate.count
        } is: {
            $0 == 20
        }
        gate.open()
        let connection = try RawConnection(to: server.address)
        try connection.send(post("still here"))
        #expect(try await connection.answer().text == "still here")
        // It would wait for abandoned handlers.
        let start = ContinuousClock.now
        await server.shutDown(patience: .seconds(300))
        #expect(ContinuousClock.now - start < .seconds(100))
    }

    @Test("is never called for a body whose client disconnects in the middle of it")
    func clientLeavesEarly() async throws {
        let gate = Gate()
        gate.open()
        let server = try server(gate)
        try RawConnection(to: server.address).send("POST /wait HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc")
        try RawConnection(to: server.address).send(
            "POST /wait HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let connection = try RawConnection(to: server.address)
        try connection.send(post("whole"))
        #expect(try await connection.answer().text == "whole")
        // Once it is stopped, nothing can arrive any more.
        await server.shutDown(patience: .seconds(60))
        #expect(gate.count == 1)
    }

    @Test("gets a body in chunks, and one of a client that expects 100")
    func framing() async throws {
        let gate = Gate()
        gate.open()
        let server = try server(gate)
        let connection = try RawConnection(to: server.address)
        try connection.send("POST /wait HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        try connection.send("2\r\nde\r\n0\r\n\r\n")
        #expect(try await connection.answer().text == "abcde")
        try connection.send(
            "POST /wait HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        #expect(try await connection.answer().status == 100)
        try connection.send("xyz")
        #expect(try await connection.answer().text == "xyz")
        await server.shutDown()
    }

    @Test("is not called for a body that is too long")
    func tooLong() async throws {
        let gate = Gate()
        let server = try server(gate, limits: Limits(bodySize: 10))
        let connection = try RawConnection(to: server.address)
        try connection.send(post("12345678901"))
        #expect(try await connection.answer().status == 413)
        gate.open()
        try connection.send(post("1234567890"))
        #expect(try await connection.answer().text == "1234567890")
        #expect(gate.count == 1)
        await server.shutDown()
    }

    @Test("is finished when the server is stopped with a grace period")
    func patience() async throws {
        let gate = Gate()
        let server = try server(gate)
        let connection = try RawConnection(to: server.address)
        try connection.send(post("in hand"))
        try await eventually("it to run") { gate.count == 1 }
        async let stopped: Void = server.shutDown(patience: .seconds(60))
        try await eventually("no connection is accepted any more") { (try? RawConnection(to: server.address)) == nil }
        gate.open()
        #expect(try await connection.answer().text == "in hand")
        await stopped
    }

    @Test("that never ends delays a server's stop only by its grace period")
    func never() async throws {
        let gate = Gate()
        let server = try server(gate)
        let connections = try (0..<50).map { _ in
            let connection = try RawConnection(to: server.address)
            try connection.send(post("lost"))
            return connection
        }
        try await eventually("all handlers to run") { gate.count == 50 }
        let start = ContinuousClock.now
        await server.shutDown(patience: .milliseconds(50))
        #expect(ContinuousClock.now - start < .seconds(60))
        for connection in connections {
            #expect(try await connection.answer().status == 503)
            #expect(try connection.bytesToEnd().isEmpty)
        }
        // A late response is dropped.
        gate.open()
    }

    @Test("is cancelled when the server abandons it")
    func cancelled() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Bool.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        var routes = Routes()
        routes.onWaiting("GET", "/") { _ in
            begin.yield()
            try? await Task.sleep(for: .seconds(20))
            end.yield(Task.isCancelled)
            return .text("late\n")
        }
        let server = try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes)
        let connection = try RawConnection(to: server.address)
        try connection.get("/")
        for await _ in begun { break }
        await server.shutDown(patience: .zero)
        for await isCancelled in ended {
            #expect(isCancelled)
            break
        }
    }

    @Test("keeps its body's memory in use: further clients get a 503 with Retry-After, and succeed later")
    func memory() async throws {
        let gate = Gate()
        let server = try server(gate, limits: Limits(bodySize: 1000, bodyMemory: 2000))
        let body = String(repeating: "x", count: 900)
        let held = try (0..<2).map { _ in
            let connection = try RawConnection(to: server.address)
            try connection.send(post(body))
            return connection
        }
        try await eventually("two handlers to run") { gate.count == 2 }
        let late = try RawConnection(to: server.address)
        try late.send(post(body))
        let refusal = try await late.answer()
        #expect(refusal.status == 503)
        #expect(refusal.headers["retry-after"] == "1")
        // Bytes without an announced length are counted as they arrive.
        let chunk = "384\r\n\(body)\r\n0\r\n\r\n"
        try late.send("POST /wait HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)")
        #expect(try await late.answer().status == 503)
        let asking = try RawConnection(to: server.address)
        try asking.send("POST /wait HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 900\r\n\r\n")
        #expect(try await asking.answer().status == 503)
        #expect(gate.count == 2)
        gate.open()
        for connection in held { #expect(try await connection.answer().text == body) }
        try late.send(post(body))
        #expect(try await late.answer().text == body)
        await server.shutDown()
    }

    @Test("frees the memory of bodies whose clients disconnected")
    func memoryOfTheGone() async throws {
        let gate = Gate()
        gate.open()
        let server = try server(gate, limits: Limits(bodySize: 1000, bodyMemory: 1000))
        for _ in 0..<10 {
            try RawConnection(to: server.address).send(
                "POST /wait HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n" + String(repeating: "x", count: 900))
        }
        try await eventually("memory for a whole body") {
            let connection = try RawConnection(to: server.address)
            try connection.send(post(String(repeating: "x", count: 1000)))
            return try await connection.answer().status == 200
        }
        await server.shutDown()
    }
}
