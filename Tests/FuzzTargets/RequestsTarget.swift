import Compression
import RawHTTP

/// A server survives any input, serves no page without the password, and a path has one meaning.
///
/// The first byte selects the form of the rest: everything that is sent, or lines with a request's target, its
/// `Authorization` and its `Accept-Encoding`.
enum RequestsTarget {
    static func run(_ bytes: [UInt8]) throws {
        guard let first = bytes.first else { return }
        let server = try FuzzedServer.shared.get()
        if first & 1 == 0 {
            try exchange(Array(bytes.dropFirst()), with: server)
        } else {
            try ask(bytes.dropFirst(), of: server)
        }
    }

    private static func exchange(_ bytes: [UInt8], with server: FuzzedServer) throws {
        let before = server.handled
        let answers = try server.answers(to: bytes)
        let isHandled = server.handled > before
        try Disagreement.unless(
            answers.isEmpty || answers.starts(with: "HTTP/1.".utf8),
            "no answer: \(String(decoding: answers.prefix(200), as: UTF8.self).debugDescription)")
        try Disagreement.unless(
            !isHandled || bytes.firstRange(of: FuzzedServer.credentials.utf8) != nil, "let in without the password")
    }

    private static func ask(_ bytes: ArraySlice<UInt8>, of server: FuzzedServer) throws {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 2, omittingEmptySubsequences: false)
            // Characters that would end a line, or the text in C.
            .map { $0.filter { $0 >= 0x20 && $0 != 0x7f }.prefix(2000) }
        let target = Array("/".utf8) + (lines.first ?? []).filter { !" ?".utf8.contains($0) }
        let authorization =
            lines.count > 1 && !lines[1].isEmpty ? lines[1] : Array("Basic \(FuzzedServer.credentials)".utf8)[...]
        let encoding = lines.count > 2 ? lines[2] : []
        let request =
            Array("GET ".utf8) + target + Array(" HTTP/1.1\r\nHost: a\r\nAuthorization: ".utf8) + authorization
            + Array("\r\nAccept-Encoding: ".utf8) + encoding + Array("\r\n\r\n".utf8)
        let response = try server.answer(to: request)
        try hold(response, against: target, authorization)
        guard response.status == 200 else { return }
        try hold(response, against: String(decoding: encoding, as: UTF8.self).lowercased())
    }

    private static func hold(
        _ response: RawResponse, against target: [UInt8], _ authorization: ArraySlice<UInt8>
    ) throws(Disagreement) {
        let words = String(decoding: authorization, as: UTF8.self).split(separator: " ").map(String.init)
        let isExact = words.count == 2 && words[0].lowercased() == "basic" && words[1] == FuzzedServer.credentials
        guard isExact else {
            return try Disagreement.unless(
                [400, 401, 429].contains(response.status), "let in with \(words): \(response)")
        }
        let path = decoded(target)
        let expected = path.map { FuzzedServer.paths.map { Array($0.utf8) }.contains($0) ? 200 : 404 } ?? 400
        try Disagreement.unless(
            response.status == expected,
            "\(String(decoding: target, as: UTF8.self).debugDescription): expected \(expected), \(response)")
    }

    /// The text behind percent escapes, if it is UTF-8.
    private static func decoded(_ target: [UInt8]) -> [UInt8]? {
        var pieces = target.split(separator: UInt8(ascii: "%"), omittingEmptySubsequences: false)
        var bytes = Array(pieces.removeFirst())
        for piece in pieces {
            let digits = piece.prefix(2)
            guard digits.count == 2, digits.allSatisfy({ "0123456789abcdefABCDEF".utf8.contains($0) }),
                let byte = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(byte)
            bytes += piece.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self).map { _ in bytes }
    }

    private static func hold(_ response: RawResponse, against encoding: String) throws {
        guard response.headers["content-encoding"] == "gzip" else {
            try Disagreement.unless(encoding != "gzip" && encoding != "*", "not compressed, in spite of \(encoding)")
            return try Disagreement.unless(response.body == FuzzedServer.body, "another body: \(response)")
        }
        try Disagreement.unless(encoding.contains("gzip") || encoding.contains("*"), "gzip in spite of \(encoding)")
        var decompressor = Decompressor(.gzip)
        decompressor.feed(response.body)
        var body: [UInt8] = []
        while let piece = try decompressor.next() { body += piece }
        try decompressor.finish()
        try Disagreement.unless(body == FuzzedServer.body, "another body, compressed")
    }
}
