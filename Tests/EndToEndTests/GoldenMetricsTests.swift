import Exposition
import Foundation
import LocalStack
import RawHTTP
import TestSupport
import Testing

@testable import Exporter

/// The program's metrics of the recorded log, compared with a reviewed text. `make golden` regenerates it.
@Suite("The golden metrics")
struct GoldenMetricsTests {
    @Test(
        "are exposed by the real program for the real log", .timeLimit(.minutes(1)),
        arguments: [
            ("metrics.txt", "text/plain;version=0.0.4"), ("metrics.om", "application/openmetrics-text;version=1.0.0"),
        ])
    func golden(name: String, accept: String) async throws {
        let golden = Fixture.url("golden").appending(path: name)
        let shown = try await exposed(accept)
        if ProcessInfo.processInfo.environment["REWRITE_GOLDEN"] == "1" {
            try Data(shown.utf8).write(to: golden)
        }
        let expected = try String(contentsOf: golden, encoding: .utf8)
        let difference = shown.split(separator: "\n").difference(from: expected.split(separator: "\n"))
        #expect(difference.isEmpty, "if this is intended, run make golden")
        #expect(shown == expected)
    }

    /// Certificates, webhook, filter and location database: with all of them every metric is exposed.
    @Test("are those of the catalogue, if everything is configured", .timeLimit(.minutes(1)))
    func catalogue() async throws {
        try await withTemporaryDirectory { directory in
            let authority = try await CertificateAuthority("ca", in: directory)
            try await authority.issue("server", for: .server)
            let write = { (text: String, name: String) in
                try Data(text.utf8).write(to: directory.appending(path: name))
            }
            try write("tls_server_config: {cert_file: server.crt, key_file: server.key}", "webhook.yml")
            try write("filters: [{name: probes, user_agents: [\"probe/*\"]}]", "filter.yml")
            try write(AuditLine(from: ["192.0.2.1"]).text, "audit.log")
            let exporter = try await ExporterProgram.start(
                in: directory,
                [
                    "--webhook.listen-address", "127.0.0.1:0", "--webhook.config.file", "webhook.yml", "--filter.file",
                    "filter.yml", "--geoip.database", Fixture.url("locations/locations.mmdb").path,
                    "--web.external-url", "https://audit.example.com/control-plane-1",
                ])
            let text = try await eventually("the request") {
                try await exporter.metrics()
            } is: {
                $0.contains("\nkube_audit_unauthenticated_forbidden_requests_total{")
            }
            await exporter.program.stop()
            #expect(
                text.matches(of: /# TYPE (\S+) (\S+)/).map { "\($0.1) \($0.2)" }
                    == Metric.catalogue.map { "\($0.name) \($0.kind)" })
            // Each line's label names are those of its metric; the values here contain neither commas nor quotes.
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let name = line.prefix { $0 != "{" && $0 != " " }
                let metric = try #require(Metric.catalogue.first { $0.name == name }, "\(name) is not in the catalogue")
                let labels = line.matches(of: /[{,](\w+)="[^"]*"/).map { String($0.1) }
                #expect(labels == metric.labels.names, "\(line)")
            }
        }
    }

    private func exposed(_ accept: String) async throws -> String {
        try await withTemporaryDirectory { directory in
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            try log.append(try RecordedLog.lines().joined() + "not an event\n")
            let filter = directory.appending(path: "filter.yml")
            try Data(
                #"filters: [{name: "one \"address\"", networks: [127.0.0.16]}, {name: none, user_agents: ["nothing/*"]}]"#
                    .utf8
            )
            .write(to: filter)
            // By a relative path, so that the label does not contain the directory.
            let exporter = try await LocalServer.start(.exporter, in: directory, port: { 0 }) { _ in
                [
                    "--audit.log", "audit.log", "--audit.from", "beginning", "--web.listen-address", "127.0.0.1:0",
                    "--geoip.database",
                    Fixture.url("locations/locations.mmdb").path, "--filter.file", "filter.yml",
                ]
            }
            let text = try await eventually("the whole log") {
                let answer = try await HTTPClient.get(exporter.url.appending(path: "/metrics"), accept: accept)
                return String(decoding: answer.body, as: UTF8.self)
            } is: {
                $0.contains("kube_audit_lines_total{input=\"file\"} 1357\n")
            }
            await exporter.program.stop()
            return text.split(separator: "\n", omittingEmptySubsequences: false).map(Self.normalised)
                .joined(separator: "\n")
        }
    }

    /// A line without the parts that differ from run to run: times of this run, the process, the build.
    private static func normalised(_ line: Substring) -> String {
        guard !line.hasPrefix("#"), let space = line.lastIndex(of: " ") else { return String(line) }
        let varying = [
            "kube_audit_state_last_write_timestamp_seconds", "kube_audit_config_last_reload_success_timestamp_seconds",
            "kube_audit_state_writes_total", "kube_audit_scrapes_total", "kube_audit_exporter_log_messages_total",
            "process_",
        ]
        let name = line.prefix { $0 != "{" && $0 != " " }
        let isCreation =
            name.hasSuffix("_first_seen_timestamp_seconds") || name.hasSuffix("_requests_created")
            || name.hasSuffix("_by_network_created")
        if isCreation || varying.contains(where: line.hasPrefix) { return line[..<space] + " <varies>" }
        if line.hasPrefix("kube_audit_exporter_build_info") {
            return String(line).replacing(/="[^"]*"/, with: "=\"<varies>\"")
        }
        return String(line)
    }
}
