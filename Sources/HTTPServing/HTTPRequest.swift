/// What a client asks for.
public struct HTTPRequest: Sendable, Hashable {
    /// The method, such as `GET`.
    public var method: String
    /// The path, percent escapes resolved, without the query.
    public var path: String
    /// The body.
    public var body: [UInt8]

    // Names in lower case.
    private var headers: [String: String]

    /// A request.
    ///
    /// - Parameters:
    ///   - method: The method.
    ///   - path: The path without the query.
    ///   - headers: Names and values, in the order of the request.
    ///   - body: The body.
    public init(method: String, path: String, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.body = body
        // What stands several times means the same as one list (RFC 9110, 5.3).
        self.headers = Dictionary(headers.map { ($0.name.lowercased(), $0.value) }) { "\($0), \($1)" }
    }

    /// The value of a header, whatever the case of its name; several of one name are joined with commas.
    public func header(_ name: String) -> String? {
        headers[name.lowercased()]
    }
}
