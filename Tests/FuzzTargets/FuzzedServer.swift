import HTTPServing
import RawHTTP
import Synchronization

/// A server that lets one user in, and a connection to it; there as long as the process, for it takes a while to start.
final class FuzzedServer: Sendable {
    static let shared = Result { try FuzzedServer() }

    /// alice and secret, as they stand in an `Authorization` header.
    static let credentials = "YWxpY2U6c2VjcmV0"
    /// What is there.
    static let paths = ["/", "/metrics", "/a b", "/é", "/%", "/a/../b"]
    /// Long enough to be compressed.
    static let body = [UInt8]("0123456789abcdef\n".utf8).repeated(100)

    private let server: HTTPServer
    private let asked: Asked
    private let connection = Mutex<RawConnection?>(nil)

    private final class Asked: Sendable {
        let count = Atomic(0)
    }

    /// How often a handler was asked.
    var handled: Int { asked.count.load(ordering: .relaxed) }

    init() throws {
        // Of the lowest cost: it is not the hash that is looked at.
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

    /// Sends a whole request, and gives its answer. Another connection is made where the one before is of no use.
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

    /// Sends bytes and their end, and gives all that comes.
    func answers(to bytes: [UInt8]) throws -> [UInt8] {
        let connection = try RawConnection(to: server.address)
        do {
            try connection.send(bytes)
        } catch {
            // It need not take more than it can stand.
        }
        connection.endSending()
        return try connection.bytesToEnd()
    }
}

extension [UInt8] {
    fileprivate func repeated(_ count: Int) -> [UInt8] { Array([[UInt8]](repeating: self, count: count).joined()) }
}
