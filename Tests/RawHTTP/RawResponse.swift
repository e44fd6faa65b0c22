/// A response as received.
public struct RawResponse: Sendable, Equatable, CustomStringConvertible {
    /// The status code.
    public var status: Int
    /// Header names are lower case.
    public var headers: [String: String]
    /// The body, as it is.
    public var body: [UInt8]

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }
    /// Status, headers and the beginning of the body.
    public var description: String { "\(status) \(headers) \(text.prefix(200))" }

    /// Parses a response with a `Content-Length` or in chunks, and returns the number of bytes used; `nil` if it is incomplete.
    static func parse(_ bytes: [UInt8], hasBody: Bool) -> (RawResponse, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            headers.merge([line[..<colon].lowercased(): String(value)]) { "\($0), \($1)" }
        }
        if hasBody, headers["transfer-encoding"] == "chunked" {
            guard let (body, bodyEnd) = chunks(bytes[end.upperBound...]) else { return nil }
            return (RawResponse(status: status, headers: headers, body: body), bodyEnd)
        }
        // An interim response such as 100 has no body and no length.
        let length = hasBody ? headers["content-length"].flatMap { Int($0) } ?? 0 : 0
        guard bytes.count >= end.upperBound + length else { return nil }
        let body = Array(bytes[end.upperBound..<(end.upperBound + length)])
        return (RawResponse(status: status, headers: headers, body: body), end.upperBound + length)
    }

    /// A body in chunks (RFC 9112, 7.1), and the index of its end; `nil` if it is incomplete.
    private static func chunks(_ bytes: ArraySlice<UInt8>) -> ([UInt8], end: Int)? {
        let lineEnd = Array("\r\n".utf8)
        var body: [UInt8] = []
        var rest = bytes
        while let head = rest.firstRange(of: lineEnd) {
            guard let size = Int(String(decoding: rest[..<head.lowerBound], as: UTF8.self), radix: 16) else {
                return nil
            }
            let end = head.upperBound + size
            guard rest.endIndex >= end + lineEnd.count else { return nil }
            body += rest[head.upperBound..<end]
            rest = rest[(end + lineEnd.count)...]
            if size == 0 { return (body, rest.startIndex) }
        }
        return nil
    }
}
