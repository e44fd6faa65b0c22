import Compression
import HTTPServing
import RawHTTP
import Testing

@Suite("The server responds")
struct RoutingTests {
    let server: HTTPServer

    init() throws {
        server = try .forTests()
    }

    @Test("with the handler's response")
    func answer() throws {
        let response = try server.get("/")
        #expect(response.status == 200)
        #expect(response.text == "hello\n")
        #expect(response.headers["content-type"] == "text/plain; charset=utf-8")
        #expect(response.headers["content-length"] == "6")
    }

    @Test("equally with and without a query")
    func query() throws {
        #expect(try server.get("/?a=b").text == "hello\n")
        #expect(try server.get("/?").text == "hello\n")
    }

    @Test(
        "with the parameters of the query, escapes resolved",
        arguments: [
            ("", ""), ("?", ""), ("?a=1&b=2&a=3", "a=1|b=2|a=3"), ("?a", "a="), ("?a=b=c", "a=b=c"),
            ("?q=a+b%2Bc%20d%26e", "q=a b+c d&e"), ("?%C3%BC=%F0%9F%98%80", "ü=😀"), ("?a=%00b", "a=\u{0}b"),
            ("?a=%zz", "invalid"), ("?%zz", "invalid"), ("?a=%ff", "invalid"), ("?a=%", "invalid"),
        ])
    func parameters(query: String, shown: String) throws {
        #expect(try server.get("/query\(query)").text == shown)
    }

    @Test("to all paths below a prefix, unless a longer prefix or a path of its own has a handler")
    func prefixes() throws {
        #expect(try server.get("/below/a/b?c").text == "/below/a/b")
        #expect(try server.get("/below/%C3%BC%2F").text == "/below/ü/")
        #expect(try server.get("/below/that/x").text == "that")
        #expect(try server.get("/below/that/page").text == "page")
        #expect(try server.get("/below/").status == 404)
        #expect(try server.get("/below").status == 404)
        let connection = try RawConnection(to: server.address)
        try connection.get("/below/a", method: "DELETE")
        #expect(try connection.response().headers["allow"] == "GET, HEAD")
    }

    @Test("with a stream, plain or compressed, also to HTTP/1.0 and HEAD, and goes on with the connection")
    func streams() throws {
        let expected = (0..<300).map { String(repeating: "\($0)\n", count: 500) }.joined()
        let connection = try RawConnection(to: server.address)
        try connection.get("/stream")
        let plain = try connection.response()
        #expect(plain.text == expected)
        #expect(plain.headers["transfer-encoding"] == "chunked")
        try connection.get("/stream", headers: "Accept-Encoding: gzip\r\n")
        let compressed = try connection.response()
        #expect(compressed.headers["content-encoding"] == "gzip")
        #expect(compressed.body.count < expected.utf8.count / 20)
        var decompressor = Decompressor(.gzip, pieceSize: 1 << 20)
        decompressor.feed(compressed.body)
        #expect(try decompressor.next() == Array(expected.utf8))
        try decompressor.finish()
        try connection.get("/")
        #expect(try connection.response().text == "hello\n")
        try connection.get("/stream", method: "HEAD")
        let head = try connection.response(hasBody: false)
        #expect(head.status == 200)
        #expect(head.headers["connection"] == "close")
        let old = try RawConnection(to: server.address)
        try old.send("GET /stream HTTP/1.0\r\n\r\n")
        #expect(try old.bytesToEnd().suffix(expected.utf8.count) == Array(expected.utf8)[...])
    }

    @Test(
        "with 404 to an unknown path",
        arguments: ["/nothing", "//", "/long/", "/LONG", "/long%00", "/long%00x", "/%6Cong/..", "/a+b/%C3%BC", "*"])
    func notFound(target: String) throws {
        let response = try server.get(target)
        #expect(response.status == 404)
        #expect(response.text == "404 page not found\n")
    }

    @Test("to paths with any percent escapes", arguments: ["/a%20b/%C3%BC", "/a%20b/%c3%bc", "/%61%20b/ü"])
    func escapes(target: String) throws {
        #expect(try server.get(target).text == "/a b/ü")
    }

    @Test(
        "to a target in absolute form, whatever its host, as to its path (RFC 9112, 3.2.2)",
        arguments: [
            ("http://127.0.0.1:10403/agent", "none"), ("HTTP://other.example/agent?a=http://b/c", "none"),
            ("https://[::1]:443/agent", "none"), ("http://a:/agent", "none"), ("http://[2001:db8::1]/agent", "none"),
            ("http://127.0.0.1:10403", "hello\n"), ("http://a?b", "hello\n"), ("http://a/", "hello\n"),
            ("http://a/%61%20b/%C3%BC", "/a b/ü"),
        ])
    func absoluteForm(target: String, text: String) throws {
        let response = try server.get(target)
        #expect(response.status == 200)
        #expect(response.text == text)
        let head = try RawConnection(to: server.address)
        try head.get(target, method: "HEAD")
        #expect(try head.response(hasBody: false).status == 200)
    }

    @Test(
        "with an error to a hostile target in absolute form",
        arguments: [
            ("ftp://a/long", 400), ("file:///long", 400), ("javascript://a/long", 400), ("http://u:p@a/long", 400),
            ("http://a@/long", 400), ("http:///long", 400), ("http://:80/long", 400), ("http://a:99999/long", 400),
            ("http://a:b/long", 400), ("http://a\"b/long", 400), ("http://[::1/long", 400), ("http://a%2flong", 400),
            ("http:/long", 404), ("http:long", 404), ("://a/long", 404), ("/http://a/long", 404), ("http//a/long", 404),
            ("http://a//long", 404), ("http://a/nothing", 404), ("http://a/%", 400), ("a:443", 404),
        ])
    func hostileAbsoluteForm(target: String, status: Int) throws {
        #expect(try server.get(target).status == status)
    }

    @Test("with 400 to a path that is not text", arguments: ["/%", "/%2", "/%zz", "/%ff", "/%C3", "/%ED%A0%80"])
    func noText(target: String) throws {
        #expect(try server.get(target).status == 400)
    }

    @Test(
        "with 405 and the allowed methods to another method",
        arguments: [
            ("/", "POST", "GET, HEAD"), ("/echo", "GET", "POST"), ("/echo", "HEAD", "POST"), ("/", "get", "GET, HEAD"),
        ])
    func methods(target: String, method: String, allowed: String) throws {
        let connection = try RawConnection(to: server.address)
        try connection.get(target, method: method, headers: "Content-Length: 0\r\n")
        let response = try connection.response(hasBody: method != "HEAD")
        #expect(response.status == 405)
        #expect(response.headers["allow"] == allowed)
    }

    @Test("to HEAD with a length but without a body")
    func head() throws {
        let connection = try RawConnection(to: server.address)
        for _ in 0..<2 {
            try connection.get("/long", method: "HEAD")
            let response = try connection.response(hasBody: false)
            #expect(response.status == 200)
            #expect(response.headers["content-length"] == "\(HTTPServer.longText.utf8.count)")
        }
        // With a body, the next response would begin elsewhere.
        try connection.get("/")
        #expect(try connection.response().text == "hello\n")
    }

    @Test("to consecutive requests on one connection, whatever the responses")
    func keepAlive() throws {
        let connection = try RawConnection(to: server.address)
        for (target, status) in [
            ("/", 200), ("/nothing", 404), ("/echo", 405), ("/%", 400), ("/long", 200), ("/", 200),
        ] {
            try connection.get(target)
            let response = try connection.response()
            #expect(response.status == status)
            #expect(response.headers["connection"] != "close")
        }
    }

    @Test("to pipelined requests, in order")
    func pipelining() throws {
        let connection = try RawConnection(to: server.address)
        let requests = ["/", "/nothing", "/"].map { "GET \($0) HTTP/1.1\r\nHost: test\r\n\r\n" }
        try connection.send(requests.joined())
        #expect(try (0..<3).map { _ in try connection.response().status } == [200, 404, 200])
    }

    @Test("and closes the connection if the client requests it")
    func close() throws {
        for request in ["GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
            let connection = try RawConnection(to: server.address)
            try connection.send(request)
            #expect(try connection.response().text == "hello\n")
            #expect(try connection.bytesToEnd().isEmpty)
        }
    }

    @Test("to a request that arrives byte by byte")
    func slowly() throws {
        let connection = try RawConnection(to: server.address)
        for byte in Array("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nabcde".utf8) {
            try connection.send([byte])
        }
        #expect(try connection.response().text == "abcde")
    }

    @Test("with header values of any bytes")
    func headerBytes() throws {
        let connection = try RawConnection(to: server.address)
        try connection.send(
            Array("GET /agent HTTP/1.1\r\nHost: test\r\nUser-Agent: a".utf8) + [0xff, 0x01, 0xc3, 0xbc]
                + Array("\r\n\r\n".utf8))
        #expect(try connection.response().text == "a\u{fffd}\u{01}ü")
    }

    @Test("with gzip if requested, and with a matching Vary header")
    func gzip() throws {
        let response = try server.get("/long", headers: "Accept-Encoding: gzip\r\n")
        #expect(response.headers["content-encoding"] == "gzip")
        #expect(response.headers["vary"] == "Accept-Encoding")
        #expect(response.body.count < HTTPServer.longText.utf8.count / 10)
        var decompressor = Decompressor(.gzip)
        decompressor.feed(response.body)
        #expect(try decompressor.next() == Array(HTTPServer.longText.utf8))
        try decompressor.finish()
    }

    @Test(
        "uncompressed if gzip is not requested",
        arguments: [
            "", "Accept-Encoding: identity\r\n", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: gzip;q=0.0, *\r\n",
            "Accept-Encoding: *;q=0\r\n", "Accept-Encoding: zstd, br\r\n", "Accept-Encoding:\r\n",
        ])
    func noGzip(headers: String) throws {
        let response = try server.get("/long", headers: headers)
        #expect(response.headers["content-encoding"] == nil)
        #expect(response.headers["vary"] == "Accept-Encoding")
        #expect(response.text == HTTPServer.longText)
    }

    @Test(
        "with gzip if it is requested among other codings",
        arguments: ["br, GZIP;q=0.5", "*", "x-gzip", "deflate;q=1, gzip ; q=0.1", "gzip,deflate"])
    func gzipAmongOthers(value: String) throws {
        #expect(try server.get("/long", headers: "Accept-Encoding: \(value)\r\n").headers["content-encoding"] == "gzip")
    }

    @Test("with short bodies uncompressed, because compression would make them longer")
    func short() throws {
        let response = try server.get("/", headers: "Accept-Encoding: gzip\r\n")
        #expect(response.headers["content-encoding"] == nil)
        #expect(response.text == "hello\n")
    }

    @Test(
        "with headers that forbid browsers to load or run anything, also on errors",
        arguments: ["/", "/long", "/<script>alert(1)</script>", "/%3Cscript%3E", "/%", "/echo"])
    func safeHeaders(target: String) throws {
        let response = try server.get(target)
        #expect(response.headers["x-content-type-options"] == "nosniff")
        #expect(response.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'")
        #expect(!response.text.contains("script"))
    }
}
