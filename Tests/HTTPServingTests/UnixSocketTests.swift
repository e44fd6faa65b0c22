import Foundation
import Glibc
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("A server on a Unix domain socket")
struct UnixSocketTests {
    /// The type and mode of a file; `nil` if there is none.
    private static func mode(_ path: String) -> mode_t? {
        var information = stat()
        return lstat(path, &information) == 0 ? information.st_mode : nil
    }

    private static func failure(_ path: String) -> String? {
        let error = #expect(throws: HTTPServerError.self) { try HTTPServer.forTests(on: .address(.unix(path: path))) }
        return error?.description
    }

    @Test("answers its clients, and owner and group may connect, whatever the umask")
    func answers() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "web.sock").path
            let server = try HTTPServer.forTests(on: .address(.unix(path: path)))
            #expect(server.address.description == "unix:\(path)")
            #expect(Self.mode(path) == S_IFSOCK | 0o660)
            #expect(try server.get("/").text == "hello\n")
            #expect(try server.get("/huge").body.count == 8 << 20)
            let connection = try RawConnection(to: server.address)
            for body in ["one", "two"] {
                try connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\(body)")
                #expect(try connection.response().text == body)
            }
            server.stop()
            #expect(try connection.bytesToEnd().isEmpty)
            #expect(Self.mode(path) == nil, "the file is removed")
        }
    }

    @Test("counts all its clients as one: a new connection displaces the oldest one that waits")
    func limits() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "web.sock").path
            let limits = Limits(connections: 100, connectionsPerAddress: 3)
            let server = try HTTPServer.forTests(on: .address(.unix(path: path)), limits: limits)
            defer { server.stop() }
            let waiting = try (0..<3).map { _ in try RawConnection(to: server.address) }
            for connection in waiting { try connection.send("GET / HTTP/1.1\r\n") }
            try await eventually("the fourth connection is answered, and the first one is closed") {
                _ = try server.get("/")
                return waiting[0].isGivenUp(within: 0)
            }
        }
    }

    @Test("replaces the file that a killed process left, and not that of one that listens")
    func abandoned() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "web.sock").path
            let copy = directory.appending(path: "copy").path
            let first = try HTTPServer.forTests(on: .address(.unix(path: path)))
            #expect(Self.failure(path) == "listen on unix:\(path): address already in use")
            #expect(try first.get("/").status == 200)
            // The name survives the stop, as it survives a kill.
            #expect(link(path, copy) == 0)
            first.stop()
            #expect(rename(copy, path) == 0)
            let second = try HTTPServer.forTests(on: .address(.unix(path: path)))
            #expect(try second.get("/").status == 200)
            second.stop()
            #expect(Self.mode(path) == nil)
        }
    }

    @Test("leaves the file of the next process alone when it stops")
    func replaced() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "web.sock").path
            let first = try HTTPServer.forTests(on: .address(.unix(path: path)))
            #expect(unlink(path) == 0)
            let second = try HTTPServer.forTests(on: .address(.unix(path: path)))
            first.stop()
            #expect(try second.get("/").status == 200)
            second.stop()
        }
    }

    @Test("does not start where something else is, or where nothing can be made, and keeps what is there")
    func refused() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "file")
            try Data("text".utf8).write(to: file)
            #expect(
                Self.failure(file.path)
                    == "listen on unix:\(file.path): the file there is no socket; remove it, or give another path")
            #expect(try Data(contentsOf: file) == Data("text".utf8))
            let missing = directory.appending(path: "no/where").path
            #expect(
                Self.failure(missing)
                    == "listen on unix:\(missing): no such file or directory; its directory does not exist; create it "
                    + "(in a systemd unit with RuntimeDirectory=)")
            let link = directory.appending(path: "link").path
            #expect(symlink("nowhere", link) == 0)
            #expect(
                Self.failure(link)
                    == "listen on unix:\(link): the file there is no socket; remove it, or give another path")
        }
    }
}
