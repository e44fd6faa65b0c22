import ConfigurationFiles
import Foundation
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("A server's TLS options")
struct TLSOptionsTests {
    private static let files = "  cert_file: server.crt\n  key_file: server.key\n"

    /// Runs a server with the certificates of an authority in a directory.
    private func withServer(
        _ section: (URL) throws -> String, _ body: (HTTPServer, URL) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await CertificateAuthority("ca", in: directory)
            try await authority.issue("server", for: .server)
            for (name, names) in Self.clients {
                try await authority.issue(name, for: .client, names: names)
            }
            let other = try await CertificateAuthority("other-ca", in: directory)
            try await other.issue("forged", for: .client, names: "DNS:a.example")
            let file = directory.appending(path: "web.yml")
            try Data("tls_server_config:\n\(try section(directory))".utf8).write(to: file)
            var routes = Routes()
            routes.on("GET", "/") { _ in .text("hello\n") }
            let server = try HTTPServer(
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes,
                tls: try WebConfiguration(file: file.path).tls)
            try await body(server, directory)
            await server.shutDown()
        }
    }

    private static let clients = [
        ("host", "DNS:b.example,DNS:a.example"), ("mail", "email:a@b.example"), ("uri", "URI:spiffe://b/a"),
        ("address", "IP:192.0.2.1"), ("address6", "IP:2001:db8::1"), ("stranger", "DNS:x.a.example,DNS:a.exampl"),
    ]

    private func isWelcome(_ client: String?, _ server: HTTPServer, _ directory: URL) async throws -> Bool {
        let certificate = client.map { ["--cert", "\($0).crt", "--key", "\($0).key"] } ?? []
        return try await Command.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "60", "--cacert", "ca.crt"] + certificate
                + ["https://\(server.address)/"], in: directory
        ).output == "hello\n"
    }

    /// The output of `openssl s_client` for a handshake; `nil` if it fails.
    private func handshake(_ options: String, _ server: HTTPServer, _ directory: URL) async throws -> String? {
        let outcome = try await Command.run(
            ["openssl", "s_client", "-connect", "\(server.address)", "-CAfile", "ca.crt"]
                + options.split(separator: " ").map(String.init), in: directory)
        return outcome.output.contains("Cipher is (NONE)") || !outcome.output.contains("Cipher is")
            ? nil : outcome.output
    }

    @Test("accept certificates and keys in the configuration itself")
    func inline() async throws {
        try await withServer { directory in
            var text = "  client_auth_type: RequireAndVerifyClientCert\n"
            for (key, file) in [("cert", "server.crt"), ("key", "server.key"), ("client_ca", "ca.crt")] {
                let pem = try String(contentsOf: directory.appending(path: file), encoding: .utf8)
                text += "  \(key): |\n" + pem.split(separator: "\n").map { "    \($0)\n" }.joined()
            }
            return text
        } _: { server, directory async throws in
            #expect(try await isWelcome("host", server, directory))
            #expect(try await isWelcome(nil, server, directory) == false)
            #expect(try await isWelcome("forged", server, directory) == false)
        }
    }

    @Test(
        "admit only clients whose certificate has an allowed name",
        arguments: [
            ("[a.example, 10.0.0.1]", ["host"]), ("[a@b.example]", ["mail"]), ("[\"spiffe://b/a\"]", ["uri"]),
            ("[192.0.2.1]", ["address"]), ("[\"2001:db8::1\"]", ["address6"]), ("[]", []),
            ("[a.example, a@b.example]", ["host", "mail"]),
        ])
    func names(allowed: String, welcome: [String]) async throws {
        let options = "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n"
        try await withServer { _ in
            Self.files + options + "  client_allowed_sans: \(allowed)\n"
        } _: { server, directory async throws in
            for client in Self.clients.map(\.0) + ["forged"] {
                let isWelcome = try await isWelcome(client, server, directory)
                #expect(isWelcome == welcome.contains(client), "\(client)")
            }
            #expect(try await isWelcome(nil, server, directory) == false)
        }
    }

    @Test("check names also if certificates of any signer are accepted")
    func unsignedNames() async throws {
        try await withServer { _ in
            Self.files + "  client_auth_type: RequireAnyClientCert\n  client_allowed_sans: [a.example]\n"
        } _: { server, directory async throws in
            #expect(try await isWelcome("host", server, directory))
            #expect(try await isWelcome("forged", server, directory))
            #expect(try await isWelcome("mail", server, directory) == false)
            #expect(try await isWelcome(nil, server, directory) == false)
        }
    }

    @Test("use no version above the configured maximum")
    func maximum() async throws {
        try await withServer { _ in
            Self.files + "  max_version: TLS12\n"
        } _: { server, directory async throws in
            #expect(try await handshake("-tls1_2", server, directory) != nil)
            #expect(try await handshake("-tls1_3", server, directory) == nil)
            #expect(try await handshake("", server, directory)?.contains("TLSv1.2") == true)
        }
    }

    @Test("use only the configured curves, in order", arguments: ["-tls1_2", "-tls1_3"])
    func curves(version: String) async throws {
        try await withServer { _ in
            Self.files + "  curve_preferences: [CurveP384, CurveP256]\n"
        } _: { server, directory async throws in
            let both = try await handshake("\(version) -groups P-256:P-384", server, directory)
            #expect(both?.contains("Server Temp Key: ECDH, secp384r1") == true, "\(both ?? "none")")
            let one = try await handshake("\(version) -groups P-256:X25519", server, directory)
            #expect(one?.contains("Server Temp Key: ECDH, prime256v1") == true, "\(one ?? "none")")
            #expect(try await handshake("\(version) -groups X25519 -cipher ECDHE", server, directory) == nil)
        }
    }

    @Test("use the server's order of ciphers unless configured to use the client's", arguments: [true, false])
    func order(isOwn: Bool) async throws {
        try await withServer { _ in
            Self.files + (isOwn ? "" : "  prefer_server_cipher_suites: false\n")
        } _: { server, directory async throws in
            let weak = "ECDHE-ECDSA-AES128-GCM-SHA256"
            let strong = "ECDHE-ECDSA-AES256-GCM-SHA384"
            let outcome = try await handshake("-tls1_2 -cipher \(weak):\(strong)", server, directory)
            #expect(outcome?.contains("Cipher is \(isOwn ? strong : weak)") == true, "\(outcome ?? "none")")
        }
    }

    @Test(
        "use only the configured cipher suites",
        arguments: [
            ("cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]", ["AES128-GCM"], ["AES_128_GCM_SHA256"]),
            (
                "cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, "
                    + "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]",
                ["AES256-GCM", "CHACHA20"], ["AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256"]
            ),
            ("max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]", ["AES256-SHA"], []),
            ("min_version: TLS13\n  cipher_suites: [TLS_AES_256_GCM_SHA384]", [], ["AES_256_GCM_SHA384"]),
            ("cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]", [], ["AES_256_GCM_SHA384"]),
        ])
    func cipherSuites(configuration: String, older: [String], newer: [String]) async throws {
        let names = [
            "AES128-GCM": "AES128-GCM-SHA256", "AES256-GCM": "AES256-GCM-SHA384", "CHACHA20": "CHACHA20-POLY1305",
            "AES128-SHA": "AES128-SHA", "AES256-SHA": "AES256-SHA", "AES256-CCM": "AES256-CCM",
        ]
        try await withServer { _ in
            Self.files + "  \(configuration)\n"
        } _: { server, directory async throws in
            for (short, name) in names {
                let outcome = try await handshake("-tls1_2 -cipher ECDHE-ECDSA-\(name)", server, directory)
                #expect((outcome != nil) == older.contains(short), "\(name)")
            }
            for name in ["AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256", "AES_128_CCM_SHA256"] {
                let outcome = try await handshake("-tls1_3 -ciphersuites TLS_\(name)", server, directory)
                #expect((outcome != nil) == newer.contains(name), "TLS_\(name)")
            }
        }
    }
}
