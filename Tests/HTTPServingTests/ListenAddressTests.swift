import HTTPServing
import Testing

@Suite("A listen address")
struct ListenAddressTests {
    @Test(
        "is parsed from HOST:PORT, and formatted as it was written",
        arguments: [
            (":10403", "", 10403), ("127.0.0.1:0", "127.0.0.1", 0), ("localhost:9100", "localhost", 9100),
            ("[::1]:9100", "::1", 9100), ("[::]:65535", "::", 65535), ("[fe80::1%eth0]:80", "fe80::1%eth0", 80),
            ("node-1.example_x.org:80", "node-1.example_x.org", 80),
        ])
    func parses(text: String, host: String, port: UInt16) {
        let address = ListenAddress(text)
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address?.description == text)
    }

    @Test("is parsed from unix:PATH", arguments: ["/run/a b/web.sock", "web.sock", "a:80", "//run/@x"])
    func paths(path: String) {
        let address = ListenAddress("unix:\(path)")
        #expect(address == .unix(path: path))
        #expect(address?.description == "unix:\(path)")
        #expect(ListenAddress("unix:" + String(repeating: "x", count: 107)) != nil)
    }

    @Test("conflicts with an equal path, and with the same port of all addresses")
    func conflicts() throws {
        for (one, other, conflict) in [
            ("unix:a", "unix:a", true), ("unix:a", "unix:b", false), ("unix:80", ":80", false),
            (":80", "[::1]:80", true),
            ("127.0.0.1:80", "127.0.0.2:80", false), (":0", ":0", false),
        ] {
            let (one, other) = (try #require(ListenAddress(one)), try #require(ListenAddress(other)))
            #expect(one.conflicts(with: other) == conflict && other.conflicts(with: one) == conflict, "\(one) \(other)")
        }
    }

    @Test(
        "rejects all other text",
        arguments: [
            "", ":", "10403", "localhost", "localhost:", "localhost:http", ":65536", ":-1", ":+80", ": 80", ":80 ",
            ":٨٠",
            "::1:80", "::1", "[::1]", "[::1]80", "[::1:80", "::1]:80", "[]:80", "[localhost]:80", "[[::1]]:80",
            "a b:80",
            "http://localhost:80", "localhost:80/", "local\0host:80", "local\nhost:80", "[::1\0]:80", "höst:80",
            "unix:", "unix:@abstract", "unix:a\0b", "unix:" + String(repeating: "x", count: 108),
        ])
    func refuses(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
