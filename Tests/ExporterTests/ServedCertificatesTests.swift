import Exposition
import Foundation
import HTTPServing
import Logging
import RawHTTP
import Testing
import TestSupport

@testable import Exporter

@Suite("The certificates of the exporter's servers")
struct ServedCertificatesTests {
    private func lines(_ certificates: ServedCertificates) -> [Substring] {
        String(decoding: ExpositionFormat.text.render(certificates.families), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("kube_audit_tls_certificates_last_reload_successful{") }
    }

    @Test("have a metric that tells whether those on disk are usable")
    func metric() async throws {
        try await withTemporaryDirectory { directory in
            _ = try await CertificateAuthority("server", in: directory)
            let file = directory.appending(path: "web.yml")
            try Data("tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n".utf8).write(to: file)
            let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let certificates = ServedCertificates(
                [try Self.server(file)], logger: silent)
            let name = "kube_audit_tls_certificates_last_reload_successful"
            #expect(lines(certificates) == [#"\#(name){server="webhook"} 1"#])
            let key = directory.appending(path: "server.key")
            let content = try Data(contentsOf: key)
            try FileManager.default.removeItem(at: key)
            certificates.refresh()
            certificates.refresh()
            #expect(lines(certificates) == [#"\#(name){server="webhook"} 0"#])
            try content.write(to: key)
            certificates.refresh()
            #expect(lines(certificates) == [#"\#(name){server="webhook"} 1"#])
        }
    }

    @Test("have a metric with the earliest expiry in the chain, also after they are replaced")
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
            let file = directory.appending(path: "web.yml")
            try Data("tls_server_config:\n  cert_file: chain.crt\n  key_file: own.key\n".utf8).write(to: file)
            let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let certificates = ServedCertificates([try Self.server(file)], logger: silent)
            let days = {
                let text = String(decoding: ExpositionFormat.text.render(certificates.families), as: UTF8.self)
                let prefix = #"kube_audit_tls_certificate_not_after_timestamp_seconds{server="webhook"} "#
                let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(prefix) })
                let end = try #require(Double(line.dropFirst(prefix.count)))
                return (end - Date.now.timeIntervalSince1970) / 86400
            }
            #expect(abs(try days() - 10) < 0.1)
            try own.write(to: chain)
            certificates.refresh()
            #expect(abs(try days() - 20) < 0.1)
        }
    }

    @Test("have no metric without TLS")
    func none() {
        let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
        #expect(ServedCertificates([], logger: silent).families.isEmpty)
    }

    private static func server(_ file: URL) throws -> ServedCertificates.Server {
        try #require(
            ServedCertificates.Server(
                name: "webhook", flag: "--webhook.config.file", file: file.path,
                configuration: try WebConfiguration(file: file.path)))
    }

    @Test("are those of the configuration file after a reload; an invalid file changes nothing and is reported")
    func reload() async throws {
        try await withTemporaryDirectory { directory in
            for name in ["first", "second"] {
                let authority = try await CertificateAuthority("\(name)-ca", in: directory)
                try await authority.issue(name, for: .server)
            }
            let file = directory.appending(path: "web.yml")
            let write = { (name: String) in
                try Data("tls_server_config:\n  cert_file: \(name).crt\n  key_file: \(name).key\n".utf8).write(to: file)
            }
            try write("first")
            let server = try Self.server(file)
            let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let certificates = ServedCertificates([server], logger: silent)
            var routes = Routes()
            routes.on("GET", "/") { _ in .text("hello\n") }
            let http = try HTTPServer(
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, tls: server.configuration.tls)
            #expect(try await Self.isTrusted(by: "first-ca", http, directory))
            #expect(certificates.reload() == [])
            #expect(try await Self.isTrusted(by: "first-ca", http, directory))

            try write("missing")
            #expect(certificates.reload().first?.hasPrefix("--webhook.config.file: \(file.path)") == true)
            #expect(try await Self.isTrusted(by: "first-ca", http, directory))
            try Data("{}".utf8).write(to: file)
            #expect(
                certificates.reload()
                    == ["--webhook.config.file: \(file.path): TLS cannot be switched on or off without a restart"])

            try write("second")
            #expect(certificates.reload() == [])
            #expect(try await Self.isTrusted(by: "second-ca", http, directory))
            #expect(try await Self.isTrusted(by: "first-ca", http, directory) == false)
            await http.shutDown()
        }
    }

    @Test("are reloaded together with users, if the file as a whole is valid")
    func users() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "web.yml")
            let write = { (text: String) in try Data(text.utf8).write(to: file) }
            try write("{}")
            let server = try Self.server(file)
            let silent = Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() }
            let certificates = ServedCertificates([server], logger: silent)
            var routes = Routes()
            routes.on("GET", "/") { _ in .text("hello\n") }
            let http = try HTTPServer(
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, policy: server.configuration.policy
            )
            let status = {
                let request = "GET / HTTP/1.1\r\nHost: test\r\n\r\n"
                return try await RawConnection(to: http.address).answer(to: request).status
            }
            #expect(try await status() == 200)
            try write("basic_auth_users:\n  alice: $2y$04$\(String(repeating: ".", count: 53))\n")
            #expect(certificates.reload() == [])
            #expect(try await status() == 401)
            try write("basic_auth_users:\n  alice: secret\n")
            #expect(certificates.reload().count == 1)
            #expect(try await status() == 401, "an invalid file grants no access")
            try write("{}")
            #expect(certificates.reload() == [])
            #expect(try await status() == 200)
            await http.shutDown()
        }
    }

    private static func isTrusted(by authority: String, _ server: HTTPServer, _ directory: URL) async throws -> Bool {
        try await Command.run(
            ["curl", "-s", "--cacert", "\(authority).crt", "https://127.0.0.1:\(server.address.port)/"], in: directory
        ).status == 0
    }
}
