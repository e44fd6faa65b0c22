import Foundation
import HTTPServing
import RawHTTP
import TestSupport

/// Runs a server with the policy of a web configuration file, which can be replaced.
func withPolicy(
    _ configuration: String, limits: Limits = Limits(),
    _ body: (HTTPServer, _ reload: (String) throws -> Void) async throws -> Void
) async throws {
    try await withTemporaryDirectory { directory in
        let file = directory.appending(path: "web.yml")
        let read = { (text: String) in
            try Data(text.utf8).write(to: file)
            return try WebConfiguration(file: file.path).policy
        }
        let policy = try read(configuration)
        var routes = Routes()
        for path in ["/", "/-/healthy"] { routes.on("GET", path) { _ in .text("hello\n") } }
        routes.on("GET", "/page") { _ in .html("<p>hello</p>\n") }
        routes.on("POST", "/echo") { request in .text("\(request.body.count)\n") }
        routes.onWaiting("POST", "/wait") { request in
            await Task.yield()
            return .text("\(request.body.count)\n")
        }
        let server = try HTTPServer(
            listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, limits: limits, policy: policy)
        try await body(server) { policy.adopt(try read($0)) }
        await server.shutDown()
    }
}

/// Sends a request on a connection of its own.
func ask(_ server: HTTPServer, _ target: String = "/", headers: String = "") async throws -> RawResponse {
    try await RawConnection(to: server.address).answer(to: RawConnection.get(target, headers: headers))
}

extension RawConnection {
    /// A request without a body.
    static func get(_ target: String, headers: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n"
    }
}
