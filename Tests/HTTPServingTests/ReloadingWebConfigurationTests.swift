import ConfigurationFiles
import Foundation
import HTTPServing
import RawHTTP
import Testing
import TestSupport

@Suite("A web configuration file that changes")
struct ReloadingWebConfigurationTests {
    private static let users = "basic_auth_users:\n  alice: $2y$04$\(String(repeating: ".", count: 53))\n"

    /// A file, and the server that uses it.
    private struct Configured {
        let file: URL
        let configuration: ReloadingWebConfiguration
        let server: HTTPServer

        init(_ text: String, in directory: URL) throws {
            file = directory.appending(path: "web.yml")
            try Data(text.utf8).write(to: file)
            configuration = ReloadingWebConfiguration(
                try WebConfiguration(file: file.path), file: file.path)
            var routes = Routes()
            routes.on("GET", "/") { _ in .text("hello\n") }
            server = try HTTPServer(
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, policy: configuration.policy)
        }

        func write(_ text: String) throws { try Data(text.utf8).write(to: file) }

        func status() throws -> Int {
            let connection = try RawConnection(to: server.address)
            try connection.get("/")
            return try connection.response().status
        }
    }

    @Test("is active at the second check, and reported once")
    func changed() throws {
        try withTemporaryDirectory { directory in
            let configured = try Configured("{}", in: directory)
            #expect(configured.configuration.refresh() == .unchanged)
            try configured.write(Self.users)
            #expect(configured.configuration.refresh() == .unchanged)
            #expect(try configured.status() == 200)
            #expect(configured.configuration.refresh() == .reloaded)
            #expect(try configured.status() == 401)
            #expect(configured.configuration.refresh() == .unchanged)
        }
    }

    @Test("and is read while it is being written lets nobody in", arguments: [false, true])
    func half(wasBad: Bool) throws {
        try withTemporaryDirectory { directory in
            let configured = try Configured(Self.users, in: directory)
            if wasBad {
                try configured.write("nonsense: true\n")
                #expect(configured.configuration.refresh() == .unchanged)
                guard case .failed = configured.configuration.refresh() else {
                    Issue.record("an invalid file was accepted")
                    return
                }
            }
            // Truncated first, then one line of the new content, then all of it.
            for text in ["", "http_server_config: {}\n", "http_server_config: {}\n" + Self.users] {
                try configured.write(text)
                #expect(configured.configuration.refresh() == .unchanged)
                #expect(try configured.status() == 401)
            }
            #expect(configured.configuration.refresh() == .reloaded)
            #expect(try configured.status() == 401)
        }
    }

    @Test("and is invalid leaves the previous one active, and is reported once, until it is valid again")
    func bad() throws {
        try withTemporaryDirectory { directory in
            let configured = try Configured(Self.users, in: directory)
            for (text, reason) in [
                ("basic_auth_users:\n  alice: secret\n", "basic_auth_users.alice"), ("tls: {}\n", "tls"),
                (nil, "no such"),
            ] {
                if let text {
                    try configured.write(text)
                } else {
                    try FileManager.default.removeItem(at: configured.file)
                }
                #expect(configured.configuration.refresh() == .unchanged)
                guard case .failed(let error) = configured.configuration.refresh() else {
                    Issue.record("\(text ?? "no file") was accepted")
                    return
                }
                #expect(error.description.hasPrefix(configured.file.path))
                #expect(error.description.contains(reason))
                #expect(!configured.configuration.isCurrent)
                for _ in 0..<3 { #expect(configured.configuration.refresh() == .unchanged) }
                #expect(try configured.status() == 401)
            }
            try configured.write("{}")
            #expect(configured.configuration.refresh() == .unchanged)
            #expect(configured.configuration.refresh() == .reloaded)
            #expect(configured.configuration.isCurrent)
            #expect(try configured.status() == 200)
        }
    }

    @Test("is loaded again when a file that it names appears later")
    func later() async throws {
        try await withTemporaryDirectory { directory in
            for name in ["first", "second"] { _ = try await CertificateAuthority(name, in: directory) }
            let text = { (name: String) in "tls_server_config:\n  cert_file: \(name).crt\n  key_file: \(name).key\n" }
            let configured = try Configured(text("first"), in: directory)
            let key = directory.appending(path: "second.key")
            let content = try Data(contentsOf: key)
            try FileManager.default.removeItem(at: key)
            try configured.write(text("second"))
            _ = configured.configuration.refresh()
            guard case .failed(let error) = configured.configuration.refresh() else {
                Issue.record("it was accepted without its key")
                return
            }
            #expect(error.description.contains("second.key: no such file or directory"))
            #expect(configured.configuration.refresh() == .unchanged)
            try content.write(to: key)
            #expect(configured.configuration.refresh() == .reloaded)
            try configured.write("{}")
            _ = configured.configuration.refresh()
            guard case .failed(let error) = configured.configuration.refresh() else {
                Issue.record("TLS was switched off")
                return
            }
            #expect(error.reason == "TLS cannot be switched on or off without a restart")
        }
    }
}
