/// A response to a client.
public struct HTTPResponse: Sendable, Hashable {
    /// The status code.
    public var status: Int
    /// Names and values. The server itself adds `Content-Length`, `Content-Encoding`, `Date` and
    /// `Vary: Accept-Encoding`. A field that HTTP cannot transport (a line break in its value) is omitted.
    public var headers: [String: String]
    /// The body, not compressed.
    public var body: [UInt8] {
        get { content.plain }
        set { content = ResponseBody([BodyPart(newValue)]) }
    }

    /// Shared by the copies of a response.
    private(set) var content: ResponseBody

    /// A response. If several clients get it, it is compressed and kept in memory once.
    public init(status: Int = 200, headers: [String: String] = [:], body: [UInt8]) {
        self.init(status: status, headers: headers, parts: [BodyPart(body)])
    }

    /// A response with a body of parts, one after the other, which other responses may share.
    public init(status: Int = 200, headers: [String: String] = [:], parts: [BodyPart]) {
        self.status = status
        self.headers = headers
        content = ResponseBody(parts)
    }

    /// A response with a body that is made piece by piece while it is sent, so that a long one needs little memory.
    ///
    /// Its length is not sent.
    ///
    /// - Parameters:
    ///   - pieces: The body. It is iterated over once for each client, a piece at a time, on a thread that no other
    ///     request needs: it may take long, but other streams wait for it.
    ///   - memory: The bytes that `pieces` keeps in memory while a client reads, if there are many such clients. They count
    ///     for `Limits.responseMemory`.
    public init(
        status: Int = 200, headers: [String: String] = [:], streaming pieces: any Sequence<[UInt8]> & Sendable,
        holding memory: Int = 0
    ) {
        self.status = status
        self.headers = headers
        content = ResponseBody(streaming: pieces, holding: memory)
    }

    /// Whether they have the same content.
    public static func == (one: HTTPResponse, other: HTTPResponse) -> Bool {
        one.status == other.status && one.headers == other.headers && one.body == other.body
    }

    /// Hashes the properties that `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(status)
        hasher.combine(headers)
        hasher.combine(body)
    }

    /// Default header fields of every response: a browser does not guess its type, and loads and runs nothing for it.
    static let safeHeaders = [
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
    ]

    /// Plain text.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    /// A page that loads style, scripts and data from its own server only, and allows nothing inline.
    public static func html(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: [
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
                    + "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
            ], body: Array(text.utf8))
    }
}
