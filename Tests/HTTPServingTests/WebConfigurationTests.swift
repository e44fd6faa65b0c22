import ConfigurationFiles
import Foundation
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("The web configuration file")
struct WebConfigurationTests {
    private static let hash = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"

    /// Errors of a configuration: `DIR` stands for its directory, which has the files of an authority.
    private static let bad: [(text: String, message: String)] = [
        ("tls_server_config: [", "DIR/web.yml:2: is not valid YAML: did not find expected node content"),
        ("- x", "DIR/web.yml: must be a mapping (key: value)"),
        ("tls_server_config:", "DIR/web.yml:1: tls_server_config: must be a mapping (key: value)"),
        (
            "\ntls_config: {}",
            "DIR/web.yml:2: tls_config: is not known; there are tls_server_config, "
                + "http_server_config, basic_auth_users, rate_limit"
        ),
        ("basic_auth_users:", "DIR/web.yml:1: basic_auth_users: must be a mapping (key: value)"),
        (
            "basic_auth_users:\n  alice: \(hash)\n  bob: secret",
            "DIR/web.yml:3: basic_auth_users.bob: is not a bcrypt hash; give one that begins with $2a$, $2b$ or $2y$ "
                + "(htpasswd -nBC 10)"
        ),
        (
            "basic_auth_users:\n  alice: \(hash.replacing("$2y$", with: "$2x$"))",
            "DIR/web.yml:2: basic_auth_users.alice: is not a bcrypt hash; give one that begins with $2a$, $2b$ or $2y$ "
                + "(htpasswd -nBC 10)"
        ),
        (
            "basic_auth_users:\n  alice:",
            "DIR/web.yml:2: basic_auth_users.alice: must be a text"
        ),
        (
            "basic_auth_users:\n  alice: \"\"",
            "DIR/web.yml:2: basic_auth_users.alice: is not a bcrypt hash; give one that begins with $2a$, $2b$ or $2y$ "
                + "(htpasswd -nBC 10)"
        ),
        (
            "basic_auth_users:\n  alice: \(hash.replacing("$04$", with: "$19$"))",
            "DIR/web.yml:2: basic_auth_users.alice: has cost 19; give a hash with a cost from 4 to 18"
        ),
        (
            "basic_auth_users:\n  \"a:b\": \(hash)",
            "DIR/web.yml:2: basic_auth_users.a:b: user names must not contain a colon; choose another name"
        ),
        ("http_server_config: true", "DIR/web.yml:1: http_server_config: must be a mapping (key: value)"),
        (
            "http_server_config:\n  http3: true",
            "DIR/web.yml:2: http_server_config.http3: is not known; there are http2, headers"
        ),
        ("http_server_config:\n  http2: 1", "DIR/web.yml:2: http_server_config.http2: must be true or false"),
        (
            "http_server_config:\n  headers:\n    Server: x",
            "DIR/web.yml:3: http_server_config.headers.Server: is not known; there are Content-Security-Policy, "
                + "X-Content-Type-Options, X-Frame-Options, X-XSS-Protection, Strict-Transport-Security"
        ),
        (
            "http_server_config:\n  headers:\n    X-Frame-Options: DENY",
            "DIR/web.yml:3: http_server_config.headers.X-Frame-Options: \"DENY\" is not known; give deny or sameorigin"
        ),
        (
            "http_server_config:\n  headers:\n    X-Content-Type-Options: sniff",
            "DIR/web.yml:3: http_server_config.headers.X-Content-Type-Options: \"sniff\" is not known; give nosniff"
        ),
        (
            "http_server_config:\n  headers:\n    X-XSS-Protection: \"1\\r\\nX: y\"",
            "DIR/web.yml:3: http_server_config.headers.X-XSS-Protection: must be one line of printable ASCII"
        ),
        (
            "rate_limit: {}",
            "DIR/web.yml:1: rate_limit: interval is missing; give the time between two requests, such as 1s"
        ),
        (
            "rate_limit:\n  interval: 1s",
            "DIR/web.yml:1: rate_limit: burst is missing; give how many requests may come at once"
        ),
        (
            "rate_limit:\n  interval: 1\n  burst: 1",
            "DIR/web.yml:2: rate_limit.interval: \"1\" cannot be used; give a duration up to 24h, such as 1s or 100ms, "
                + "or 0 for no limit"
        ),
        (
            "rate_limit:\n  interval: -1s\n  burst: 1",
            "DIR/web.yml:2: rate_limit.interval: \"-1s\" cannot be used; give a duration up to 24h, such as 1s or "
                + "100ms, or 0 for no limit"
        ),
        (
            "rate_limit:\n  interval: 1s\n  burst: -1",
            "DIR/web.yml:3: rate_limit.burst: \"-1\" cannot be used; give a number from 0 to 1000000"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cipher_suites: x",
            "DIR/web.yml:4: tls_server_config.cipher_suites: must be a list of texts, such as [a, b]"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cipher_suites:\n  - "
                + "TLS_RSA_WITH_AES_128_CBC_SHA",
            "DIR/web.yml:5: tls_server_config.cipher_suites: \"TLS_RSA_WITH_AES_128_CBC_SHA\" is not known; give one of "
                + "TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256, "
                + "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "
                + "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, "
                + "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, "
                + "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "
                + "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cipher_suites: "
                + "[TLS_AES_128_GCM_SHA256]",
            "DIR/web.yml:4: tls_server_config.cipher_suites: contains no suite for TLS 1.2; add one that names a "
                + "key exchange, such as TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, or give min_version: TLS13"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cipher_suites: "
                + "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]",
            "DIR/web.yml:4: tls_server_config.cipher_suites: GnuTLS would also enable "
                + "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, whose key exchange and cipher are both in the list; add it, or "
                + "remove the suites that share one of them"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  cipher_suites: "
                + "[TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA]",
            "DIR/web.yml:4: tls_server_config.cipher_suites: contains no suite for TLS 1.3; add one with GCM or CHACHA20, "
                + "or give max_version: TLS12"
        ),
        (
            "tls_server_config:\n  cert: |\n    x\n  key_file: server.key",
            "DIR/web.yml:2: tls_server_config.cert: contains no valid PEM certificates: no certificate was found"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key: |\n    secret",
            "DIR/web.yml:3: tls_server_config.key: contains no valid PEM private key"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_ca: x\n  client_auth_type: "
                + "RequireAndVerifyClientCert",
            "DIR/web.yml:4: tls_server_config.client_ca: contains no valid PEM certificates: no certificate was "
                + "found"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  cert: x",
            "DIR/web.yml:3: tls_server_config.cert: cannot be combined with cert_file; remove one of them"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: "
                + "VerifyClientCertIfGiven\n  client_allowed_sans: [a]\n  client_ca_file: ca.crt",
            "DIR/web.yml:5: tls_server_config.client_allowed_sans: requires client_auth_type to be one of "
                + "RequireAnyClientCert or RequireAndVerifyClientCert"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_allowed_sans: a",
            "DIR/web.yml:4: tls_server_config.client_allowed_sans: must be a list of texts, such as [a, b]"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  max_version: TLS11",
            "DIR/web.yml:4: tls_server_config.max_version: TLS11 is older than min_version (TLS12); raise it, or "
                + "lower min_version"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  curve_preferences:\n  - X25519\n"
                + "  - X448",
            "DIR/web.yml:6: tls_server_config.curve_preferences: \"X448\" is not known; give one of CurveP256, "
                + "CurveP384, CurveP521, X25519"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  prefer_server_cipher_suites: 2",
            "DIR/web.yml:4: tls_server_config.prefer_server_cipher_suites: must be true or false"
        ),
        (
            "tls_server_config:\n  key_file: server.key",
            "DIR/web.yml:1: tls_server_config: missing one of cert or cert_file; give the server's certificate (PEM)"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: \"\"",
            "DIR/web.yml:1: tls_server_config: missing one of key or key_file; give the certificate's private key (PEM)"
        ),
        (
            "tls_server_config:\n  cert_file: [a]\n  key_file: server.key",
            "DIR/web.yml:2: tls_server_config.cert_file: must be a text"
        ),
        (
            "tls_server_config:\n  cert_file: nowhere.crt\n  key_file: server.key",
            "DIR/web.yml:2: tls_server_config.cert_file: DIR/nowhere.crt: no such file or directory"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: /",
            "DIR/web.yml:3: tls_server_config.key_file: /: is a directory"
        ),
        (
            "tls_server_config:\n  cert_file: web.yml\n  key_file: server.key",
            "DIR/web.yml:2: tls_server_config.cert_file: DIR/web.yml: contains no valid PEM certificates: "
                + "no certificate was found"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.crt",
            "DIR/web.yml:3: tls_server_config.key_file: DIR/server.crt: contains no valid PEM private key"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: ca.key",
            "DIR/web.yml:3: tls_server_config.key_file: DIR/ca.key: the certificate and the given key do not match "
                + "(the certificate is DIR/server.crt)"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: encrypted.key",
            "DIR/web.yml:3: tls_server_config.key_file: DIR/encrypted.key: the key is encrypted; give it without a "
                + "password"
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: server.key, client_ca_file: ca.crt}",
            "DIR/web.yml:1: tls_server_config.client_ca_file: clients are not asked for a certificate; set "
                + "client_auth_type, such as RequireAndVerifyClientCert"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: x",
            "DIR/web.yml:4: tls_server_config.client_auth_type: \"x\" is not known; give one of NoClientCert, "
                + "RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_ca_file: server.key\n  "
                + "client_auth_type: RequireAndVerifyClientCert",
            "DIR/web.yml:4: tls_server_config.client_ca_file: DIR/server.key: contains no valid PEM certificates: "
                + "no certificate was found"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  min_version: TLS14",
            "DIR/web.yml:4: tls_server_config.min_version: \"TLS14\" is not known; give one of TLS10, TLS11, TLS12, "
                + "TLS13"
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  cert_file: server.crt",
            "DIR/web.yml:2: duplicate key: cert_file"
        ),
    ]

    @Test("is rejected with the line, the key and a remedy")
    func refused() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await CertificateAuthority("ca", in: directory)
            try await authority.issue("server", for: .server)
            let encryption = try await Command.run(
                ["openssl", "ec", "-in", "server.key", "-out", "encrypted.key", "-aes128", "-passout", "pass:x"],
                in: directory)
            #expect(encryption.status == 0)
            let file = directory.appending(path: "web.yml")
            for (text, message) in Self.bad {
                try Data(text.utf8).write(to: file)
                let error = #expect(throws: ConfigurationFileError.self, "\(text)") {
                    try WebConfiguration(file: file.path)
                }
                #expect(error?.description == message.replacing("DIR", with: directory.path))
            }
        }
    }

    @Test("may be empty, or contain only comments", arguments: ["", "\n", "# nothing yet\n", "---\n", "{}\n"])
    func empty(text: String) throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "web.yml")
            try Data(text.utf8).write(to: file)
            #expect(try WebConfiguration(file: file.path).tls == nil)
        }
    }

    @Test("reports settings without effect")
    func notices() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "web.yml")
            try Data("http_server_config:\n  http2: true\n".utf8).write(to: file)
            #expect(
                try WebConfiguration(file: file.path).notices == [
                    "\(file.path):2: http_server_config.http2: has no effect; this server speaks HTTP/1.1"
                ])
            try Data("http_server_config:\n  http2: false\n".utf8).write(to: file)
            #expect(try WebConfiguration(file: file.path).notices == [])
        }
    }

    @Test("is rejected if it does not exist")
    func missing() {
        let error = #expect(throws: ConfigurationFileError.self) { try WebConfiguration(file: "/nowhere/web.yml") }
        #expect(error?.description == "/nowhere/web.yml: no such file or directory")
    }

    @Test("is rejected if it is not text")
    func noText() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "web.yml")
            try Data([0x61, 0xFF]).write(to: file)
            let error = #expect(throws: ConfigurationFileError.self) { try WebConfiguration(file: file.path) }
            #expect(error?.description == "\(file.path): the file is not UTF-8")
        }
    }
}
