import Dispatch
import Foundation
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("The server listens")
struct ListeningTests {
    /// Whether this machine has IPv6; reported once if it has not.
    private static let hasIPv6: Bool = {
        let has = (try? HTTPServer.forTests(host: "::1")) != nil
        if !has { print("skipped: this machine has no address ::1") }
        return has
    }()

    @Test("on a free port if 0 is given, and reports it")
    func port() throws {
        let first = try HTTPServer.forTests()
        let second = try HTTPServer.forTests()
        #expect(first.address.host == "127.0.0.1")
        #expect(first.address.port != 0)
        #expect(first.address != second.address)
        #expect(try first.get("/").status == 200)
        #expect(try second.get("/").status == 200)
    }

    @Test("on an IPv6 address", .enabled(if: hasIPv6))
    func ipv6() throws {
        let server = try HTTPServer.forTests(host: "::1")
        #expect(server.address.description == "[::1]:\(server.address.port)")
        #expect(try server.get("/").status == 200)
    }

    @Test("on all addresses of both families without a host, or with ::", arguments: ["", "::"])
    func everywhere(host: String) throws {
        let server = try HTTPServer.forTests(host: host)
        #expect(server.address.host == host)
        for client in ["127.0.0.1"] + (Self.hasIPv6 ? ["::1"] : []) {
            let connection = try RawConnection(to: ListenAddress(host: client, port: server.address.port))
            try connection.get("/")
            #expect(try connection.response().status == 200)
        }
    }

    @Test("on a host name's address, which clients find by that name")
    func localhost() throws {
        let server = try HTTPServer.forTests(host: "localhost")
        let answers = ["127.0.0.1", "::1"].compactMap { client in
            try? RawConnection(to: ListenAddress(host: client, port: server.address.port))
        }
        let connection = try #require(answers.first)
        try connection.get("/")
        #expect(try connection.response().status == 200)
    }

    @Test("or reports that the address is in use")
    func taken() throws {
        let server = try HTTPServer.forTests()
        let error = #expect(throws: HTTPServerError.self) { try HTTPServer.forTests(port: server.address.port) }
        #expect(error?.description == "listen on 127.0.0.1:\(server.address.port): address already in use")
        let everywhere = #expect(throws: HTTPServerError.self) {
            try HTTPServer.forTests(host: "", port: server.address.port)
        }
        #expect(everywhere?.description == "listen on :\(server.address.port): address already in use")
        #expect(try server.get("/").status == 200)
    }

    @Test(
        "or reports an invalid host",
        arguments: [
            ("host.invalid", "listen on host.invalid:0: name or service not known"),
            ("192.0.2.1", "listen on 192.0.2.1:0: cannot assign requested address; this machine has no such address"),
            ("::ffff:zz", "listen on [::ffff:zz]:0: name or service not known"),
        ])
    func badHost(host: String, message: String) {
        let error = #expect(throws: HTTPServerError.self) { try HTTPServer.forTests(host: host) }
        #expect(error?.description == message)
    }

    @Test("again on an address immediately after a stop")
    func again() throws {
        let first = try HTTPServer.forTests()
        // An address stays busy for a while after the server closes a connection first.
        let open = try RawConnection(to: first.address)
        try open.get("/")
        #expect(try open.response().status == 200)
        first.stop()
        #expect(try open.bytesToEnd().isEmpty)
        let second = try HTTPServer.forTests(port: first.address.port)
        #expect(try second.get("/").status == 200)
    }

    @Test("until it is stopped: the pending request is answered, and later ones are not accepted")
    func stop() async throws {
        let (reached, reach) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        var routes = Routes()
        routes.on("GET", "/slow") { _ in
            reach.yield()
            release.wait()
            return .text("done\n")
        }
        let server = try HTTPServer(listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes)
        let idle = try RawConnection(to: server.address)
        let slow = try RawConnection(to: server.address)
        try slow.get("/slow")
        for await _ in reached { break }

        // On a thread of its own: it blocks, and the few threads of async code must not.
        let (stopped, stop) = AsyncStream.makeStream(of: Void.self)
        Thread.detachNewThread {
            server.stop(patience: .seconds(20))
            stop.yield()
        }
        try await eventually("no connection is accepted any more") { (try? RawConnection(to: server.address)) == nil }
        release.signal()
        #expect(try slow.response().text == "done\n")
        for await _ in stopped { break }
        #expect(try idle.bytesToEnd().isEmpty)
        #expect(throws: RawConnection.Failure.self) { try RawConnection(to: server.address) }
        server.stop()
    }
}
