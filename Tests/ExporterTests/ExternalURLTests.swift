import Exposition
import Testing

@testable import Exporter

@Suite("The external URL")
struct ExternalURLTests {
    @Test(
        "is kept without a slash at its end",
        arguments: [
            ("http://127.0.0.1:10403", "http://127.0.0.1:10403"),
            ("https://audit.example.com/", "https://audit.example.com"),
            ("HTTPS://Audit.example.com/a/b//", "https://Audit.example.com/a/b"),
            ("http://[2001:db8::1]:80/", "http://[2001:db8::1]:80"),
            ("http://node-1", "http://node-1"), ("https://x/proxy/a%2Fb;c=(d)", "https://x/proxy/a%2Fb;c=(d)"),
        ])
    func isKept(text: String, kept: String) throws {
        #expect(try ExternalURL(text).description == kept)
    }

    @Test(
        "is refused with the part that cannot be used",
        arguments: [
            ("", "does not begin with http:// or https://"),
            ("audit.example.com", "does not begin with http:// or https://"),
            ("ftp://audit.example.com", "does not begin with http:// or https://"),
            ("javascript:alert(1)", "does not begin with http:// or https://"),
            ("http://", "has no valid host and port"), ("http:///path", "has no valid host and port"),
            ("http://a b", "has no valid host and port"), ("http://a:0", "has no valid host and port"),
            ("http://a:65536", "has no valid host and port"), ("http://a:+1", "has no valid host and port"),
            ("http://a:", "has no valid host and port"), ("http://2001:db8::1", "has no valid host and port"),
            ("http://[192.0.2.1]", "has no valid host and port"), ("http://[::1", "has no valid host and port"),
            ("http://ü.example", "has no valid host and port"), ("http://a|b", "has no valid host and port"),
            ("http://me:secret@a", "has a user name, which everyone could read"),
            ("http://a/?x=1", "has a query or a fragment"), ("http://a#x", "has a query or a fragment"),
            ("http://a/b c", "has a character in its path that must be percent-encoded"),
            ("http://a/<b>", "has a character in its path that must be percent-encoded"),
            ("http://a/%2", "has a character in its path that must be percent-encoded"),
            ("http://a/b\n", "has a character in its path that must be percent-encoded"),
            ("http://a/" + String(repeating: "b", count: 250), "is longer than 256 characters"),
        ])
    func isRefused(text: String, reason: String) {
        #expect(
            throws: ConfigurationError(
                flag: "--web.external-url",
                reason: "\"\(text)\" \(reason); give a URL such as https://audit.example.com/control-plane-1")
        ) { try ExternalURL(text) }
    }

    @Test("is the label of a metric")
    func metric() throws {
        let text = ExpositionFormat.text.render([try ExternalURL("https://audit.example.com/cp-1").family])
        #expect(
            String(decoding: text, as: UTF8.self)
                .hasSuffix("\nkube_audit_exporter_web_info{external_url=\"https://audit.example.com/cp-1\"} 1\n"))
    }
}
