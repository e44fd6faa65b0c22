/// What a client is answered.
public struct HTTPResponse: Sendable, Hashable {
    /// The status code.
    public var status: Int
    /// Names and values; `Content-Length`, `Content-Encoding` and `Date` are the server's affair, and so is
    /// `Vary: Accept-Encoding`. A field that HTTP cannot carry (a line break in its value) is left out.
    public var headers: [String: String]
    /// The body, not compressed.
    public var body: [UInt8]

    /// An answer.
    public init(status: Int = 200, headers: [String: String] = [:], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Plain text.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    /// A page that loads nothing from elsewhere and runs no scripts.
    public static func html(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: [
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
                "X-Content-Type-Options": "nosniff",
            ], body: Array(text.utf8))
    }
}
