/// What a client is answered.
public struct HTTPResponse: Sendable, Hashable {
    /// The status code.
    public var status: Int
    /// Names and values; `Content-Length`, `Content-Encoding` and `Date` are the server's affair, and so is
    /// `Vary: Accept-Encoding`. A field that HTTP cannot carry (a line break in its value) is left out.
    public var headers: [String: String]
    /// The body, not compressed.
    public var body: [UInt8] {
        get { content.plain }
        set { content = AnswerBody([BodyPart(newValue)]) }
    }

    /// Shared by the copies of an answer.
    private(set) var content: AnswerBody

    /// An answer. One that is given to several clients is compressed and kept in memory once.
    public init(status: Int = 200, headers: [String: String] = [:], body: [UInt8]) {
        self.init(status: status, headers: headers, parts: [BodyPart(body)])
    }

    /// An answer with a body of parts, one after the other, which other answers may share.
    public init(status: Int = 200, headers: [String: String] = [:], parts: [BodyPart]) {
        self.status = status
        self.headers = headers
        content = AnswerBody(parts)
    }

    /// Whether they say the same.
    public static func == (one: HTTPResponse, other: HTTPResponse) -> Bool {
        one.status == other.status && one.headers == other.headers && one.body == other.body
    }

    /// By what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(status)
        hasher.combine(headers)
        hasher.combine(body)
    }

    /// What every answer says that does not say otherwise: a browser takes it for what it is called, and loads and runs
    /// nothing because of it.
    static let safeHeaders = [
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
    ]

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
