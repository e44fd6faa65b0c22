import ConfigurationFiles
import Foundation
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("A server with TLS")
struct TLSTests {
    /// Runs a server that requests client certificates, with those of two authorities in a directory.
    private func withServer(
        _ configuration: String = "client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert",
        _ body: (HTTPServer, ServerTLS, URL) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await CertificateAuthority("ca", in: directory)
            try await authority.issue("server", for: .server)
            try await authority.issue("client", for: .client)
            let other = try await CertificateAuthority("other-ca", in: directory)
            try await other.issue("other-server", for: .server)
            try await other.issue("other-client", for: .client)
            let file = directory.appending(path: "web.yml")
            let text = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  \(configuration)\n"
            try Data(text.utf8).write(to: file)
            let configured = try WebConfiguration(file: file.path)
            let tls = try #require(configured.tls)
            var routes = Routes()
            routes.on("GET", "/") { _ in .text("hello\n") }
            routes.onWaiting("POST", "/wait") { request in
                await Task.yield()
                return .text("\(request.body.count)\n")
            }
            let server = try HTTPServer(
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes,
                limits: Limits(bodySize: 4 << 20), tls: tls,
                policy: configured.policy)
            try await body(server, tls, directory)
            await server.shutDown()
        }
    }

    private func curl(_ server: HTTPServer, _ arguments: [String] = [], in directory: URL) async throws
        -> Command.Outcome
    {
        try await Command.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "60", "--cacert", "ca.crt"] + arguments
                + ["https://\(server.address)/"], in: directory)
    }

    private static let client = ["--cert", "client.crt", "--key", "client.key"]
    private static let otherClient = ["--cert", "other-client.crt", "--key", "other-client.key"]

    @Test("admits a client with a certificate of its authority, and rejects one without, or of another authority")
    func clientCertificates() async throws {
        try await withServer { server, _, directory in
            let right = try await curl(server, Self.client, in: directory)
            #expect(right.status == 0)
            #expect(right.output == "hello\n")
            #expect(try await curl(server, in: directory).status != 0, "without a certificate")
            #expect(try await curl(server, Self.otherClient, in: directory).status != 0, "of another authority")
            let serverCertificate = ["--cert", "server.crt", "--key", "server.key"]
            #expect(try await curl(server, serverCertificate, in: directory).status != 0, "that is for servers")
            #expect(try await curl(server, Self.client, in: directory).output == "hello\n")
        }
    }

    @Test(
        "requests certificates as configured",
        arguments: [
            ("min_version: TLS12", [true, true, true]),
            ("client_auth_type: RequestClientCert", [true, true, true]),
            ("client_auth_type: RequireAnyClientCert", [false, true, true]),
            ("client_ca_file: ca.crt\n  client_auth_type: VerifyClientCertIfGiven", [true, true, false]),
            ("client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert", [false, true, false]),
        ])
    func authentication(configuration: String, welcome: [Bool]) async throws {
        try await withServer(configuration) { server, _, directory in
            for version in ["--tls-max 1.2", "--tlsv1.3"] {
                var isWelcome: [Bool] = []
                for client in [[], Self.client, Self.otherClient] {
                    let options = version.split(separator: " ").map(String.init)
                    isWelcome.append(try await curl(server, options + client, in: directory).status == 0)
                }
                #expect(isWelcome == welcome, "\(version): none, ours, another's")
            }
        }
    }

    @Test("uses no version below the configured minimum")
    func versions() async throws {
        let old = ["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"]
        try await withServer("min_version: TLS13") { server, _, directory in
            let tls13 = try await curl(server, in: directory)
            let tls12 = try await curl(server, ["--tls-max", "1.2"], in: directory)
            #expect(tls13.status == 0)
            #expect(tls12.status != 0)
        }
        try await withServer("min_version: TLS12") { server, _, directory in
            let tls12 = try await curl(server, ["--tls-max", "1.2"], in: directory)
            let tls11 = try await curl(server, old, in: directory)
            #expect(tls12.status == 0)
            #expect(tls11.status != 0)
        }
        try await withServer("min_version: TLS10") { server, _, directory in
            let tls11 = try await curl(server, old, in: directory)
            #expect(tls11.status == 0, "\(tls11)")
        }
    }

    @Test(
        "verifies clients with the system's authorities if none is configured",
        arguments: ["RequireAndVerifyClientCert", "VerifyClientCertIfGiven"])
    func systemAuthorities(type: String) async throws {
        try await withServer("client_auth_type: \(type)") { server, _, directory in
            let withoutCertificate = try await curl(server, in: directory)
            #expect((withoutCertificate.status == 0) == (type == "VerifyClientCertIfGiven"))
            #expect(try await curl(server, Self.client, in: directory).status != 0, "of an unknown authority")
            #expect(try await curl(server, Self.otherClient, in: directory).status != 0, "of another authority")
        }
    }

    @Test("serves a certificate for key encipherment only with all versions, as Go does")
    func keyUsage() async throws {
        try await withServer("") { _, _, directory in
            let outcome = try await Command.run(
                [
                    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-config", "openssl.cnf", "-subj",
                    "/CN=old", "-days", "2", "-keyout", "old.key", "-out", "old.crt", "-addext",
                    "keyUsage=critical,keyEncipherment", "-addext", "subjectAltName=IP:127.0.0.1",
                ], in: directory)
            #expect(outcome.status == 0, "\(outcome)")
            let file = directory.appending(path: "old.yml")
            try Data("tls_server_config: {cert_file: old.crt, key_file: old.key}".utf8).write(to: file)
            var routes = Routes()
            routes.on("GET", "/") { _ in .text("hello\n") }
            let server = try HTTPServer(
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes,
                tls: try WebConfiguration(file: file.path).tls)
            for version in [["--tls-max", "1.2", "--ciphers", "ECDHE-RSA-AES128-GCM-SHA256"], ["--tlsv1.3"]] {
                let answer = try await curl(server, version + ["-k"], in: directory)
                #expect(answer.output == "hello\n", "\(version): \(answer)")
            }
            await server.shutDown()
        }
    }

    @Test("accepts long bodies, and responds with waiting handlers")
    func longBody() async throws {
        try await withServer { server, _, directory in
            try Data(repeating: 0x20, count: 3_000_000).write(to: directory.appending(path: "body"))
            let outcome = try await Command.run(
                ["curl", "-sS", "--noproxy", "*", "--cacert", "ca.crt", "--max-time", "60"] + Self.client
                    + ["--data-binary", "@body", "https://\(server.address)/wait"], in: directory)
            #expect(outcome.output == "3000000\n")
        }
    }

    @Test("accepts long bodies with a password that must be verified first", arguments: ["--http1.1", "--tls-max 1.2"])
    func longBodyWithPassword(option: String) async throws {
        let hash = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"
        try await withServer("min_version: TLS12\nbasic_auth_users:\n  alice: \(hash)") { server, _, directory in
            try Data(repeating: 0x20, count: 3_000_000).write(to: directory.appending(path: "body"))
            for _ in 0..<2 {
                for (password, answer) in [("correct horse", "3000000\n"), ("wrong", "401 unauthorized\n")] {
                    let outcome = try await Command.run(
                        ["curl", "-sS", "--noproxy", "*", "--cacert", "ca.crt", "--max-time", "60"]
                            + option.split(separator: " ").map(String.init)
                            + ["-u", "alice:\(password)", "--data-binary", "@body", "https://\(server.address)/wait"],
                        in: directory)
                    #expect(outcome.output == answer)
                }
            }
        }
    }

    @Test("disconnects clients that use plain HTTP, and continues")
    func plain() async throws {
        try await withServer { server, _, directory in
            let connection = try RawConnection(to: server.address)
            try connection.get("/")
            #expect(!String(decoding: try connection.bytesToEnd(), as: UTF8.self).contains("HTTP/1.1"))
            try RawConnection(to: server.address).send([0x16, 0x03, 0x01, 0xff, 0xff, 0x01])
            #expect(try await curl(server, Self.client, in: directory).output == "hello\n")
        }
    }

    @Test("serves a new certificate when its files are replaced, and keeps open connections")
    func exchange() async throws {
        try await withServer { server, tls, directory in
            let reload = { () throws(ConfigurationFileError) in tls.adopt(try tls.reread()) }
            let old = try TLSConnection(to: server.address, in: directory)
            #expect(try await old.answer(toLine: "GET / HTTP/1.1\r\nHost: t\r\n\r\n").hasSuffix("hello\n"))
            try exchange("other-server.crt", for: "server.crt", in: directory)
            let error = #expect(throws: ConfigurationFileError.self) { try reload() }
            #expect(error?.key == "tls_server_config.key_file")
            #expect(error?.reason.contains("do not match") == true, "\(String(describing: error))")
            #expect(try await curl(server, Self.client, in: directory).output == "hello\n", "the old one is active")
            try exchange("other-server.key", for: "server.key", in: directory)
            try reload()
            #expect(try await curl(server, Self.client, in: directory).status != 0)
            let new = ["--cacert", "other-ca.crt"] + Self.client
            #expect(try await curl(server, new, in: directory).output == "hello\n")
            #expect(try await old.answer(toLine: "GET / HTTP/1.1\r\nHost: t\r\n\r\n").hasSuffix("hello\n"))
            old.close()
            try FileManager.default.removeItem(at: directory.appending(path: "ca.crt"))
            #expect(throws: ConfigurationFileError.self, "a missing client CA") { try reload() }
            try exchange("other-ca.crt", for: "ca.crt", in: directory)
            try reload()
            #expect(try await curl(server, Self.otherClient, in: directory).output == "hello\n")
            #expect(try await curl(server, Self.client, in: directory).status != 0)
        }
    }

    private func exchange(_ new: String, for old: String, in directory: URL) throws {
        try Data(contentsOf: directory.appending(path: new))
            .write(to: directory.appending(path: old), options: .atomic)
    }
}
