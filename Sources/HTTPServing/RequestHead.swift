/// What is judged of a request before its body is taken.
struct RequestHead {
    private let fields: HTTPRequest

    init(headers: [(name: String, value: String)]) {
        fields = HTTPRequest(method: "", path: "", headers: headers)
    }

    /// Tells a body what is announced of it.
    ///
    /// - Returns: Why the request is refused on its head alone; `nil` where it is not. The connection is of no use
    ///   after such an answer.
    func announce(to body: inout IncomingBody) -> HTTPResponse? {
        guard let length else {
            return .text("400 the head does not say in one way how long the body is\n", status: 400)
        }
        let asksFirst = fields.header("Expect")?.lowercased() == "100-continue"
        return body.announce(length, asksFirst: asksFirst)
    }

    /// The length of the body as far as the head tells it, 0 where it comes in chunks; `nil` where two servers could
    /// understand two different lengths, and so two different next requests (RFC 9112, 6.3 and 11.2).
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
