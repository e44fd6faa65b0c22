/// A request of a client.
public struct HTTPRequest: Sendable, Hashable {
    /// The method, such as `GET`.
    public var method: String
    /// The path, percent escapes resolved, without the query.
    public var path: String
    /// The parameters of the query.
    public var query: HTTPQuery
    /// The body.
    public var body: [UInt8]

    // Names in lower case.
    private var headers: [String: String]

    /// A request.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path without the query.
    ///   - query: The parameters of the query.
    ///   - headers: Names and values, in the order of the request.
    ///   - body: The body.
    public init(
        method: String, path: String, query: HTTPQuery = HTTPQuery(), headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        // Several fields with one name mean the same as one field with a list (RFC 9110, 5.3).
        self.headers = Dictionary(headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
    }

    /// The value of a header, whatever the case of its name; several of one name are joined with commas.
    public func header(_ name: String) -> String? {
        headers[name.lowercased()]
    }
}

/// The handlers of a server, by method and path.
public struct Routes: Sendable {
    /// Responds to a request. It runs on a thread of the server and must not wait.
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse
    /// Responds to a request, and may wait. It runs in a task of its own and blocks no thread while it waits. The task
    /// is cancelled if the server is stopped and the request exceeds the stop's patience.
    public typealias WaitingHandler = @Sendable (HTTPRequest) async -> HTTPResponse

    enum Outcome {
        case ready(HTTPResponse)
        case later(@Sendable () async -> HTTPResponse)
    }

    private enum AnyHandler {
        case immediate(Handler)
        case waiting(WaitingHandler)
    }

    // By path, then by method.
    private var handlers: [String: [String: AnyHandler]] = [:]
    // The same by the beginning of the path, longest first.
    private var prefixes: [(prefix: String, handlers: [String: AnyHandler])] = []

    /// No routes.
    public init() {}

    /// Responds to requests with `method` for exactly `path`. A handler for GET also responds to HEAD, without the
    /// body.
    public mutating func on(_ method: String, _ path: String, _ handler: @escaping Handler) {
        add(.immediate(handler), method, path)
    }

    /// Responds to requests with `method` for exactly `path` with a handler that may wait, for instance for a commit.
    public mutating func onWaiting(_ method: String, _ path: String, _ handler: @escaping WaitingHandler) {
        add(.waiting(handler), method, path)
    }

    /// Responds to requests with `method` for the paths that begin with `prefix` and continue, unless another route has
    /// exactly that path.
    public mutating func onPrefix(_ method: String, _ prefix: String, _ handler: @escaping Handler) {
        precondition(!prefixes.contains { $0.prefix == prefix }, "\(prefix) has a handler already")
        prefixes.append((prefix, [method: .immediate(handler)]))
        prefixes.sort { $0.prefix.utf8.count > $1.prefix.utf8.count }
    }

    /// The response to a request: 404 if the path is unknown, 405 if it is known for other methods only.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        switch outcome(of: request) {
        case .ready(let response): response
        case .later(let work): await work()
        }
    }

    func outcome(of request: HTTPRequest) -> Outcome {
        guard let methods = methods(for: request.path) else {
            return .ready(.text("404 page not found\n", status: 404))
        }
        let method = request.method == "HEAD" && methods["HEAD"] == nil ? "GET" : request.method
        switch methods[method] {
        case .immediate(let handler)?: return .ready(handler(request))
        case .waiting(let handler)?: return .later { await handler(request) }
        case nil:
            var refusal = HTTPResponse.text("405 method not allowed\n", status: 405)
            let allowed = Set(methods.keys).union(methods["GET"] == nil ? [] : ["HEAD"])
            refusal.headers["Allow"] = allowed.sorted().joined(separator: ", ")
            return .ready(refusal)
        }
    }

    private func methods(for path: String) -> [String: AnyHandler]? {
        // Bytes are compared: a combining character after a prefix is not part of the prefix's last character.
        handlers[path]
            ?? prefixes.first { path.utf8.starts(with: $0.prefix.utf8) && path.utf8.count > $0.prefix.utf8.count }?
            .handlers
    }

    private mutating func add(_ handler: AnyHandler, _ method: String, _ path: String) {
        precondition(handlers[path]?[method] == nil, "\(method) \(path) has a handler already")
        handlers[path, default: [:]][method] = handler
    }
}
