/// Which handler answers which request.
public struct Routes: Sendable {
    /// Answers a request. It is called on a thread of the server's, and should not wait.
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    private var handlers: [String: [String: Handler]] = [:]

    /// No routes.
    public init() {}

    /// Answers requests with `method` for exactly `path`. What is there for GET is there for HEAD, without the body.
    public mutating func on(_ method: String, _ path: String, _ handler: @escaping Handler) {
        precondition(handlers[path]?[method] == nil, "\(method) \(path) has a handler already")
        handlers[path, default: [:]][method] = handler
    }

    /// The answer to a request: 404 where there is no such path, 405 where it takes other methods.
    public func respond(to request: HTTPRequest) -> HTTPResponse {
        guard let methods = handlers[request.path] else { return .text("404 page not found\n", status: 404) }
        let method = request.method == "HEAD" && methods["HEAD"] == nil ? "GET" : request.method
        guard let handler = methods[method] else {
            var refusal = HTTPResponse.text("405 method not allowed\n", status: 405)
            let allowed = Set(methods.keys).union(methods["GET"] == nil ? [] : ["HEAD"])
            refusal.headers["Allow"] = allowed.sorted().joined(separator: ", ")
            return refusal
        }
        return handler(request)
    }
}
