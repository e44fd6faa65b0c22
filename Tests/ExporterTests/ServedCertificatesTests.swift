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
                [("web", nil), ("webhook", try WebConfiguration(file: file.path).tls)], logger: silent)
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
        #expect(ServedCertificates([("web", nil)], logger: silent).families.isEmpty)
    }
}
