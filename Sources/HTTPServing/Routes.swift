/// Which handler answers which request.
public struct Routes: Sendable {
    /// Answers a request. It is called on a thread of the server's, and should not wait.
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse
    /// Answers a request when it is ready to. It is called in a task of its own, and keeps no thread while it waits;
    /// the task is cancelled when the server is stopped and has lost its patience.
    public typealias WaitingHandler = @Sendable (HTTPRequest) async -> HTTPResponse

    enum Answer {
        case ready(HTTPResponse)
        case later(@Sendable () async -> HTTPResponse)
    }

    private enum AnyHandler {
        case immediate(Handler)
        case waiting(WaitingHandler)
    }

    private var handlers: [String: [String: AnyHandler]] = [:]

    /// No routes.
    public init() {}

    /// Answers requests with `method` for exactly `path`. What is there for GET is there for HEAD, without the body.
    public mutating func on(_ method: String, _ path: String, _ handler: @escaping Handler) {
        add(.immediate(handler), method, path)
    }

    /// Answers requests with `method` for exactly `path` by a handler that may wait, for a commit for instance.
    public mutating func onWaiting(_ method: String, _ path: String, _ handler: @escaping WaitingHandler) {
        add(.waiting(handler), method, path)
    }

    /// The answer to a request: 404 where there is no such path, 405 where it takes other methods.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        switch answer(to: request) {
        case .ready(let response): response
        case .later(let work): await work()
        }
    }

    func answer(to request: HTTPRequest) -> Answer {
        guard let methods = handlers[request.path] else { return .ready(.text("404 page not found\n", status: 404)) }
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

    private mutating func add(_ handler: AnyHandler, _ method: String, _ path: String) {
        precondition(handlers[path]?[method] == nil, "\(method) \(path) has a handler already")
        handlers[path, default: [:]][method] = handler
    }
}
