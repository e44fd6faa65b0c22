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

    @Test(
        "rejects all other text",
        arguments: [
            "", ":", "10403", "localhost", "localhost:", "localhost:http", ":65536", ":-1", ":+80", ": 80", ":80 ",
            ":٨٠",
            "::1:80", "::1", "[::1]", "[::1]80", "[::1:80", "::1]:80", "[]:80", "[localhost]:80", "[[::1]]:80",
            "a b:80",
            "http://localhost:80", "localhost:80/", "local\0host:80", "local\nhost:80", "[::1\0]:80", "höst:80",
        ])
    func refuses(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
