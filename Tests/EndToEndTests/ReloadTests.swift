import Foundation
import Glibc
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("Configuration is read again")
struct ReloadTests {
    @Test(
        "on SIGHUP and on POST; what cannot be used is said and shown, and the old one stays", .timeLimit(.minutes(1)))
    func reload() async throws {
        try await withTemporaryDirectory { directory in
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            let database = directory.appending(path: "locations.mmdb")
            let content = try Data(contentsOf: Fixture.url("locations/locations.mmdb"))
            try content.write(to: database)
            let exporter = try await ExporterProgram.start(in: directory, ["--geoip.database", "locations.mmdb"])
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
}
