import HTTPServing
import RawHTTP
import Synchronization

/// A server with one user, and a connection to it. It lives as long as the process, because it takes a while to start.
final class FuzzedServer: Sendable {
    static let shared = Result { try FuzzedServer() }

    /// alice and secret, as in an `Authorization` header.
    static let credentials = "YWxpY2U6c2VjcmV0"
    /// The existing path.
    static let paths = ["/", "/metrics", "/a b", "/é", "/%", "/a/../b"]
    /// Long enough to be compressed.
    static let body = [UInt8]("0123456789abcdef\n".utf8).repeated(100)

    private let server: HTTPServer
    private let asked: Asked
    private let connection = Mutex<RawConnection?>(nil)

    private final class Asked: Sendable {
        let count = Atomic(0)
    }

    /// Number of calls of the handler.
    var handled: Int { asked.count.load(ordering: .relaxed) }

    init() throws {
        // With the lowest cost, because the hash is not the subject of the test.
        let users = "basic_auth_users:\n  alice: $2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"
        let asked = Asked()
        var routes = Routes()
        for path in Self.paths {
            routes.on("GET", path) { _ in
                asked.count.add(1, ordering: .relaxed)
                return HTTPResponse(body: Self.body)
            }
        }
        server = try HTTPServer(
            listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes,
            limits: Limits(threads: 1, idleTimeout: 5),
            policy: WebConfiguration(content: Array(users.utf8), file: "users").policy)
        self.asked = asked
    }

    /// Sends a whole request, and returns its response. Reconnects if the previous connection is unusable.
    func answer(to request: [UInt8]) throws -> RawResponse {
        try connection.withLock { kept in
            let connection = try kept ?? RawConnection(to: server.address)
            kept = nil
            try connection.send(request)
            let response = try connection.response()
            if response.headers["connection"]?.lowercased() != "close" { kept = connection }
            return response
        }
    }

    /// Sends bytes and the end of the stream, and returns everything that is received.
    func answers(to bytes: [UInt8]) throws -> [UInt8] {
        let connection = try RawConnection(to: server.address)
        do {
            try connection.send(bytes)
        } catch {
            // The server may stop reading early.
        }
        connection.endSending()
        return try connection.bytesToEnd()
    }
}

extension [UInt8] {
    fileprivate func repeated(_ count: Int) -> [UInt8] { Array([[UInt8]](repeating: self, count: count).joined()) }
}
