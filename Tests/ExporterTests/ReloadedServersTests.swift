import Exposition
import Foundation
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@testable import Exporter

@Suite("The configuration of a running server")
struct ReloadedServersTests {
    private static let users = "basic_auth_users:\n  alice: $2y$04$\(String(repeating: ".", count: 53))\n"

    private static func tls(_ name: String) -> String {
        "tls_server_config:\n  cert_file: \(name).crt\n  key_file: \(name).key\n"
    }

    /// A configuration file, and the server that uses it.
    private struct Configured {
        let file: URL
        let reloading: Reloading
        let server: HTTPServer

        init(_ text: String, in directory: URL) throws {
            file = directory.appending(path: "web.yml")
            try Data(text.utf8).write(to: file)
            reloading = try Reloading(
                ServeOptions(webhookListenAddress: ":1", webhookConfigFile: file.path))
            let web = try #require(reloading.configuration.webhook?.web).content
            var routes = Routes()
            routes.on("GET", "/") { _ in .text("hello\n") }
            server = try HTTPServer(
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, tls: web.tls, policy: web.policy)
        }

        func write(_ text: String) throws { try Data(text.utf8).write(to: file) }
        func look(times: Int = 1) async { for _ in 0..<times { await reloading.look() } }

        func status() async throws -> Int {
            try await RawConnection(to: server.address).answer(to: "GET / HTTP/1.1\r\nHost: test\r\n\r\n").status
        }

        /// Whether a client that trusts an authority, and shows a certificate if it is given one, gets an answer.
        func serves(trusting authority: String, certificate: String? = nil) async throws -> Bool {
            let client = certificate.map { ["--cert", "\($0).crt", "--key", "\($0).key"] } ?? []
            return try await Command.run(
                ["curl", "-s", "--cacert", "\(authority).crt"] + client + ["https://127.0.0.1:\(server.address.port)/"],
                in: file.deletingLastPathComponent()
            ).status == 0
        }

        /// The errors that were logged.
        var errors: [String] { reloading.logged("Changed file cannot be loaded") }
        var reloads: Int { reloading.logged("Changed file was reloaded").count }
    }

    @Test("is active at the second look after a change, which is logged once")
    func changed() async throws {
        try await withTemporaryDirectory { directory in
            let configured = try Configured("{}", in: directory)
            await configured.look()
            try configured.write(Self.users)
            await configured.look()
            #expect(try await configured.status() == 200)
            await configured.look()
            #expect(try await configured.status() == 401)
            await configured.look(times: 3)
            #expect(configured.reloads == 1)
        }
    }

    @Test("lets nobody in while its file is being written", arguments: [false, true])
    func half(wasInvalid: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let configured = try Configured(Self.users, in: directory)
            if wasInvalid {
                try configured.write("nonsense: true\n")
                await configured.look(times: 2)
                #expect(configured.errors.count == 1)
            }
            // Emptied first, then one line of the new content, then all of it.
            for text in ["", "http_server_config: {}\n", "http_server_config: {}\n" + Self.users] {
                try configured.write(text)
                await configured.look()
                #expect(try await configured.status() == 401)
            }
            await configured.look()
            #expect(configured.reloads == 1)
            #expect(try await configured.status() == 401)
        }
    }

    @Test("stays active while its file is invalid, which is logged once")
    func invalid() async throws {
        try await withTemporaryDirectory { directory in
            let configured = try Configured(Self.users, in: directory)
            for (text, reason) in [
                ("basic_auth_users:\n  alice: secret\n", "basic_auth_users.alice"), ("tls: {}\n", "tls"),
                (nil, "no such"),
            ] {
                let before = configured.errors.count
                if let text {
                    try configured.write(text)
                } else {
                    try FileManager.default.removeItem(at: configured.file)
                }
                await configured.look(times: 5)
                #expect(configured.errors.count == before + 1)
                #expect(configured.errors.last?.contains(configured.file.path) == true)
                #expect(configured.errors.last?.contains(reason) == true)
                #expect(!configured.reloading.isSuccessful)
                #expect(try await configured.status() == 401)
            }
            try configured.write("{}")
            await configured.look(times: 2)
            #expect(configured.reloading.isSuccessful)
            #expect(try await configured.status() == 200)
        }
    }

    @Test("is loaded when a file that it names appears later; TLS is never switched off")
    func later() async throws {
        try await withTemporaryDirectory { directory in
            for name in ["first", "second"] { _ = try await CertificateAuthority(name, in: directory) }
            let configured = try Configured(Self.tls("first"), in: directory)
            let key = directory.appending(path: "second.key")
            let content = try Data(contentsOf: key)
            try FileManager.default.removeItem(at: key)
            try configured.write(Self.tls("second"))
            await configured.look(times: 4)
            #expect(configured.errors.count == 1)
            #expect(configured.errors[0].contains("second.key: no such file or directory"))
            try content.write(to: key)
            await configured.look(times: 2)
            #expect(configured.reloads == 1)
            try configured.write("{}")
            await configured.look(times: 2)
            #expect(configured.errors.last?.contains("TLS cannot be switched on or off without a restart") == true)
        }
    }

    @Test("has certificates whose metric says whether those on disk are usable")
    func certificates() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await CertificateAuthority("server", in: directory)
            let configured = try Configured(Self.tls("server"), in: directory)
            let isCurrent = { configured.reloading.status.certificates.map(\.isCurrent) }
            #expect(isCurrent() == [true])
            let key = directory.appending(path: "server.key")
            let content = try Data(contentsOf: key)
            try FileManager.default.removeItem(at: key)
            await configured.look(times: 2)
            #expect(isCurrent() == [false])
            #expect(!configured.reloading.isSuccessful)
            try content.write(to: key)
            await configured.look(times: 2)
            #expect(isCurrent() == [true])
            #expect(configured.reloading.isSuccessful)
        }
    }

    @Test("has a metric with the earliest expiry in the chain, also after certificates are replaced")
    func notAfter() async throws {
        try await withTemporaryDirectory { directory in
            let make = { (name: String, days: Int) in
                _ = try await CertificateAuthority(name, in: directory, days: days)
                return try Data(contentsOf: directory.appending(path: "\(name).crt"))
            }
            let own = try await make("own", 20)
            let intermediate = try await make("intermediate", 10)
            let chain = directory.appending(path: "chain.crt")
            try (own + intermediate).write(to: chain)
            let configured = try Configured(
                "tls_server_config:\n  cert_file: chain.crt\n  key_file: own.key\n", in: directory)
            let days = {
                let certificate = try #require(configured.reloading.status.certificates.first)
                return (certificate.notAfter - Date.now.timeIntervalSince1970) / 86400
            }
            #expect(abs(try days() - 10) < 0.1)
            try own.write(to: chain)
            await configured.look(times: 2)
            #expect(abs(try days() - 20) < 0.1)
        }
    }

    @Test("has no certificate metric without TLS")
    func noCertificates() throws {
        try withTemporaryDirectory { directory in
            let status = try Configured("{}", in: directory).reloading.status
            let metrics = StatusMetrics.families(of: status).map(\.metric)
            #expect(!metrics.contains(StatusMetrics.certificateNotAfter))
            #expect(!metrics.contains(StatusMetrics.certificatesAreCurrent))
        }
    }

    @Test("renews its certificates while its file is invalid")
    func renewal() async throws {
        try await withTemporaryDirectory { directory in
            for name in ["old", "new"] {
                try await CertificateAuthority("\(name)-ca", in: directory).issue(name, for: .server)
            }
            let copy = { (name: String) in
                for kind in ["crt", "key"] {
                    let content = try Data(contentsOf: directory.appending(path: "\(name).\(kind)"))
                    try content.write(to: directory.appending(path: "server.\(kind)"))
                }
            }
            try copy("old")
            let configured = try Configured(Self.tls("server"), in: directory)
            try configured.write("nonsense: true\n")
            await configured.look(times: 2)
            #expect(try await configured.serves(trusting: "old-ca"))
            try copy("new")
            await configured.look(times: 2)
            #expect(try await configured.serves(trusting: "new-ca"))
            #expect(configured.reloading.status.certificates.map(\.isCurrent) == [true])
            #expect(!configured.reloading.isSuccessful)
        }
    }

    @Test("is that of its file after a requested reload; an invalid file changes nothing and is reported")
    func requested() async throws {
        try await withTemporaryDirectory { directory in
            for name in ["first", "second"] {
                try await CertificateAuthority("\(name)-ca", in: directory).issue(name, for: .server)
            }
            let configured = try Configured(Self.tls("first"), in: directory)
            let reload = { await configured.reloading.files.reload() }
            #expect(try await configured.serves(trusting: "first-ca"))
            #expect(await reload() == [])
            #expect(try await configured.serves(trusting: "first-ca"))
            try configured.write(Self.tls("missing"))
            #expect(await reload().first?.hasPrefix("--webhook.config.file: \(configured.file.path)") == true)
            #expect(try await configured.serves(trusting: "first-ca"))
            try configured.write("{}")
            #expect(
                await reload() == [
                    "--webhook.config.file: \(configured.file.path): "
                        + "TLS cannot be switched on or off without a restart"
                ])
            try configured.write(Self.tls("second"))
            #expect(await reload() == [])
            #expect(try await configured.serves(trusting: "second-ca"))
            #expect(try await configured.serves(trusting: "first-ca") == false)
            await configured.server.shutDown()
        }
    }

    @Test("includes its users after a requested reload; an invalid file grants no access")
    func requestedUsers() async throws {
        try await withTemporaryDirectory { directory in
            let configured = try Configured("{}", in: directory)
            let reload = { await configured.reloading.files.reload() }
            #expect(try await configured.status() == 200)
            try configured.write(Self.users)
            #expect(await reload() == [])
            #expect(try await configured.status() == 401)
            try configured.write("basic_auth_users:\n  alice: secret\n")
            #expect(await reload().count == 1)
            #expect(try await configured.status() == 401)
            try configured.write("{}")
            #expect(await reload() == [])
            #expect(try await configured.status() == 200)
        }
    }

    @Test("demands client certificates once a reload says so, whatever the timer reads meanwhile")
    func demands() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await CertificateAuthority("ca", in: directory)
            try await authority.issue("server", for: .server)
            try await authority.issue("client", for: .client)
            let configured = try Configured(Self.tls("server"), in: directory)
            for round in 0..<5 {
                try configured.write(
                    Self.tls("server") + "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n")
                // A renewed certificate makes the timer read at the same time.
                try await authority.issue("server", for: .server)
                async let looks: Void = configured.look(times: 4)
                #expect(await configured.reloading.files.reload() == [])
                #expect(try await configured.serves(trusting: "ca") == false, "round \(round)")
                #expect(try await configured.serves(trusting: "ca", certificate: "client"))
                await looks
                #expect(try await configured.serves(trusting: "ca") == false, "round \(round)")
                try configured.write(Self.tls("server"))
                #expect(await configured.reloading.files.reload() == [])
            }
        }
    }
}
