import Foundation
import Glibc
@testable import HTTPServing
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

    @Test("is the only one of several that start at once, also where a killed process left its file")
    func simultaneous() async throws {
        try await withTemporaryDirectory { directory in
            for round in 0..<30 {
                let path = directory.appending(path: "web-\(round).sock").path
                if round.isMultiple(of: 2) {
                    let abandoned = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
                    #expect(SocketAddress(path: path).bind(abandoned) == 0)
                    close(abandoned)
                }
                let results = await withTaskGroup(of: HTTPServer?.self) { group in
                    for _ in 0..<6 {
                        group.addTask { try? HTTPServer.forTests(on: .address(.unix(path: path))) }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                let servers = results.compactMap(\.self)
                #expect(servers.count == 1)
                for server in servers {
                    let response = try server.get("/")
                    #expect(response.status == 200)
                    server.stop()
                }
                #expect(Self.mode(path) == nil)
            }
        }
    }

    @Test("does not change the mode of a file to which its name was made a symbolic link")
    func replacedByLink() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "web.sock").path
            let victim = directory.appending(path: "victim").path
            try Data("secret".utf8).write(to: URL(filePath: victim))
            chmod(victim, 0o600)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            #expect(SocketAddress(path: path).bind(descriptor) == 0)
            let file = try #require(UnixSocketFile(path))
            try file.setMode()
            #expect(Self.mode(path) == S_IFSOCK | 0o660)
            #expect(unlink(path) == 0 && symlink(victim, path) == 0)
            let error = #expect(throws: HTTPServerError.self) { try file.setMode() }
            #expect(error?.reason == "another process replaced it at once; give another path")
            #expect(Self.mode(victim) == S_IFREG | 0o600)
        }
    }

    @Test("names the lock of its directory if another process keeps it", .timeLimit(.minutes(1)))
    func locked() throws {
        try withTemporaryDirectory { directory in
            let path = directory.appending(path: "web.sock").path
            let descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX) == 0)
            #expect(
                Self.failure(path)
                    == "listen on unix:\(path): another process locks its directory (flock); end that process, or give "
                    + "another directory")
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
            #expect(
                Self.failure(file.path + "/x")
                    == "listen on unix:\(file.path)/x: not a directory; a part of the path is a file; give another path"
            )
            let link = directory.appending(path: "link").path
            #expect(symlink("nowhere", link) == 0)
            #expect(
                Self.failure(link)
                    == "listen on unix:\(link): the file there is no socket; remove it, or give another path")
        }
    }
}
