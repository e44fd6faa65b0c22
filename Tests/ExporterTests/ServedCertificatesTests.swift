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
            .filter { !$0.hasPrefix("#") }
    }

    @Test("tell in a metric when those on disk cannot be used, and when they can again")
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

    @Test("are no metric where there are none")
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

    @Test("are those that the configuration file names after a reload; a bad file changes nothing and is said")
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
                listenOn: ListenAddress(host: "127.0.0.1", port: 0), routes: routes, tls: server.tls)
            #expect(try await Self.isTrusted(by: "first-ca", http, directory))
            #expect(certificates.reload() == [])
            #expect(try await Self.isTrusted(by: "first-ca", http, directory))

            try write("missing")
            #expect(certificates.reload().first?.hasPrefix("--webhook.config.file: \(file.path)") == true)
            #expect(try await Self.isTrusted(by: "first-ca", http, directory))
            try Data("{}".utf8).write(to: file)
            #expect(
                certificates.reload()
                    == ["--webhook.config.file: TLS cannot be switched on or off without a restart"])

            try write("second")
            #expect(certificates.reload() == [])
            #expect(try await Self.isTrusted(by: "second-ca", http, directory))
            #expect(try await Self.isTrusted(by: "first-ca", http, directory) == false)
            await http.shutDown()
        }
    }

    private static func isTrusted(by authority: String, _ server: HTTPServer, _ directory: URL) async throws -> Bool {
        try await Command.run(
            ["curl", "-s", "--cacert", "\(authority).crt", "https://127.0.0.1:\(server.address.port)/"], in: directory
        ).status == 0
    }
}
