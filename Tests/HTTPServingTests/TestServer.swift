import HTTPServing
import RawHTTP

extension HTTPServer {
    /// A server with a page of each kind, on a free port.
    static func forTests(host: String = "127.0.0.1", port: UInt16 = 0, limits: Limits = Limits()) throws -> HTTPServer {
        try forTests(on: .address(ListenAddress(host: host, port: port)), limits: limits)
    }

    /// The same on a listener.
    static func forTests(on listener: Listener, limits: Limits = Limits(), tls: ServerTLS? = nil) throws -> HTTPServer {
        var routes = Routes()
        routes.on("GET", "/") { _ in .text("hello\n") }
        routes.on("GET", "/long") { _ in .text(longText) }
        routes.on("GET", "/huge") { _ in HTTPResponse(body: [UInt8](repeating: 0x20, count: 8 << 20)) }
        routes.on("POST", "/echo") { request in HTTPResponse(body: request.body) }
        routes.on("GET", "/agent") { request in .text(request.header("user-agent") ?? "none") }
        routes.on("GET", "/stream") { _ in
            HTTPResponse(streaming: (0..<300).map { Array(String(repeating: "\($0)\n", count: 500).utf8) })
        }
        routes.on("GET", "/query") { request in
            let parameters = request.query.parameters?.map { "\($0.name)=\($0.value)" }
            return .text(parameters.map { $0.joined(separator: "|") } ?? "invalid")
        }
        routes.onPrefix("GET", "/below/") { request in .text(request.path) }
        routes.onPrefix("GET", "/below/that/") { _ in .text("that") }
        routes.on("GET", "/below/that/page") { _ in .text("page") }
        routes.on("GET", "/a b/ü") { request in .text(request.path) }
        return try HTTPServer(on: listener, routes: routes, limits: limits, tls: tls)
    }

    /// Longer than the limit for uncompressed bodies, and easy to compress.
    static var longText: String { String(repeating: "a line like the others\n", count: 5000) }

    /// Sends a request on a connection of its own.
    func get(_ target: String, headers: String = "", from source: String? = nil) throws -> RawResponse {
        let connection = try RawConnection(to: address, from: source)
        try connection.get(target, headers: headers)
        return try connection.response()
    }
}

extension RawConnection {
    /// Sends a request without a body.
    ///
    /// - Parameter headers: Additional lines, each with its line end.
    func get(_ target: String, method: String = "GET", headers: String = "") throws {
        try send("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
    }
}
