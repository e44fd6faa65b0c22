import Foundation
import Glibc
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("Configuration is reloaded")
struct ReloadTests {
    @Test(
        "on SIGHUP and on POST; errors are logged and shown, the old one stays active", .timeLimit(.minutes(1)))
    func reload() async throws {
        try await withTemporaryDirectory { directory in
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            let database = directory.appending(path: "locations.mmdb")
            let content = try Data(contentsOf: Fixture.url("locations/locations.mmdb"))
            try content.write(to: database)
            let exporter = try await ExporterProgram.start(
                in: directory, ["--geoip.database", "locations.mmdb", "--web.enable-lifecycle"])
            let outcome = { try await exporter.values("kube_audit_config_last_reload_successful") }
            #expect(try await outcome() == ["1"])
            let post = {
                try await RawConnection(to: exporter.address)
                    .answer(to: "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            }
            #expect(try await post().status == 200)

            try Data("broken".utf8).write(to: database)
            let refused = try await post()
            #expect(refused.status == 500)
            #expect(
                refused.text.hasPrefix("failed to reload: --geoip.database: locations.mmdb: not a usable MaxMind DB"))
            #expect(try await outcome() == ["0"])
            try log.append(AuditLine(from: ["198.51.100.7"]).text)
            try await eventually("a location of the old database") { try await exporter.metrics().contains("Japan") }

            try content.write(to: database)
            exporter.program.send(signal: SIGHUP)
            try await eventually("the reload") { try await outcome() == ["1"] }
            #expect(exporter.program.exit == nil)
            // Only the method that changes something does.
            #expect(try await HTTPClient.get(exporter.server.url.appending(path: "/-/reload")).status == 405)
            await exporter.program.stop()
        }
    }

    @Test(
        "when the servers' configuration file changes; errors are logged once and shown",
        .timeLimit(.minutes(1)))
    func byItself() async throws {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            let file = directory.appending(path: "webhook.yml")
            let write = { (text: String) in try Data(text.utf8).write(to: file) }
            try write("{}")
            let exporter = try await ExporterProgram.start(
                in: directory,
                ["--webhook.listen-address", "127.0.0.1:0", "--webhook.config.file", "webhook.yml"])
            let webhook = try #require(exporter.webhook)
            let status = {
                let list = #"{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[]}"#
                let request = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(list.utf8.count)\r\n\r\n\(list)"
                return try await RawConnection(to: webhook).answer(to: request).status
            }
            let shown = { try await exporter.values("kube_audit_config_last_reload_successful") }
            let logged = { (what: String) in exporter.program.logText.split(separator: "\n").count { $0.contains(what) }
            }
            #expect(try await status() == 200)

            try write("basic_auth_users:\n  alice: $2y$04$\(String(repeating: ".", count: 53))\n")
            try await eventually("a password to be required") { try await status() == 401 }
            #expect(logged("Changed file was reloaded") == 1)
            try write("basic_auth_users:\n  alice: secret\n")
            try await eventually("the bad file to be shown") { try await shown() == ["0"] }
            #expect(try await status() == 401)
            // Checked once more after the error was logged.
            try write("{}")
            try await eventually("the valid file to be active") { try await status() == 200 }
            #expect(try await shown() == ["1"])
            #expect(logged("Changed file cannot be loaded; the previous version stays active") == 1)
            #expect(logged("Changed file was reloaded") == 2)
            await exporter.program.stop()
        }
    }
}
