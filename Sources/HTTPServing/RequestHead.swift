/// The header fields that are checked before the body of a request is received.
struct RequestHead {
    private let fields: HTTPRequest

    init(headers: [(name: String, value: String)]) {
        fields = HTTPRequest(method: "", path: "", headers: headers)
    }

    /// Tells `body` its announced length.
    ///
    /// - Returns: The refusal if the head alone is reason enough, otherwise `nil`. The connection cannot be used after
    ///   such a response.
    func announce(to body: inout IncomingBody) -> HTTPResponse? {
        guard let length else {
            return .text("400 the length of the body is ambiguous\n", status: 400)
        }
        let asksFirst = fields.header("Expect")?.lowercased() == "100-continue"
        return body.announce(length, asksFirst: asksFirst)
    }

    /// The announced length of the body, 0 if it is sent in chunks; `nil` if the head is ambiguous: two servers could
    /// read different lengths, and so different next requests (RFC 9112, 6.3 and 11.2).
    private var length: Int? {
        switch (fields.header("Content-Length"), fields.header("Transfer-Encoding")) {
        case (nil, nil): 0
        case (nil, let coding?): coding.lowercased() == "chunked" ? 0 : nil
        case (let length?, nil):
            length.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(length) : nil
        case (_?, _?): nil
        }
    }
}
