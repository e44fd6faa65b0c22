import AccessScanning
import Exporter
import Foundation
import LocalStack
import TestSupport
import Testing
import Yams

/// The output of `alerts/generate`: one threshold and one window, in each rule and in each file.
@Suite("The generator of the rules")
struct GeneratedRulesTests {
    private static let alerts = Fixture.repository.appending(path: "alerts")
    private static let files = ["access-scanning.rules.yaml", "prometheusrule.yaml", "past.rules.yaml"]

    private static func generate(_ arguments: [String]) async throws -> (exit: ProgramExit, output: String) {
        try await withTemporaryDirectory { directory in
            let running = try await RunningProgram(
                alerts.appending(path: "generate"), arguments, name: "generate", in: directory)
            return (await running.untilExit(), running.logText)
        }
    }

    @Test("generates the files in the repository; to change rules, edit access-scanning.rules.yaml.in, run make alerts")
    func agrees() async throws {
        try await withTemporaryDirectory { directory in
            let run = try await Self.generate(["--output", directory.path])
            try #require(run.exit == .status(0), "\(run.output)")
            for file in Self.files {
                let existing = try String(contentsOf: Self.alerts.appending(path: file), encoding: .utf8)
                let written = try String(contentsOf: directory.appending(path: file), encoding: .utf8)
                let difference = written.split(separator: "\n").difference(from: existing.split(separator: "\n"))
                #expect(existing == written, "alerts/\(file) differs from the output of make alerts: \(difference)")
            }
        }
    }

    // Compares the files without the generator: however they were written, they must agree.
    @Test("writes the same groups for Prometheus and for the Prometheus operator")
    func operatorAgrees() throws {
        let documents = try Self.files.prefix(2).map {
            try #require(
                try Yams.compose(yaml: String(contentsOf: Self.alerts.appending(path: $0), encoding: .utf8)))
        }
        let groups = try #require(documents[0]["groups"])
        #expect(groups.sequence?.isEmpty == false)
        #expect(documents[1]["apiVersion"]?.string == "monitoring.coreos.com/v1")
        #expect(documents[1]["kind"]?.string == "PrometheusRule")
        #expect(documents[1]["metadata"]?["name"]?.string == "kube-audit-exporter")
        let spec = try #require(documents[1]["spec"]?.mapping)
        #expect(spec.keys.map(\.string) == ["groups"])
        #expect(spec["groups"] == groups)
    }

    @Test("has the exporter's threshold as its default, and names the exporter's flag with another one")
    func sameThreshold() async throws {
        let template = try String(
            contentsOf: Self.alerts.appending(path: "access-scanning.rules.yaml.in"), encoding: .utf8)
        #expect(template.contains("} > @threshold@"))
        let rules = try String(contentsOf: Self.alerts.appending(path: Self.files[0]), encoding: .utf8)
        #expect(rules.contains("} > \(ScanningThreshold.requests)\n"))
        #expect(rules.contains("threshold: \"\(ScanningThreshold.requests)\""))
        #expect(ServeOptions().threshold == "\(ScanningThreshold.requests)")
        try await withTemporaryDirectory { directory in
            let run = try await Self.generate(["--output", directory.path])
            #expect(run.output == "")
            let other = try await Self.generate(["--threshold", "12", "--output", directory.path])
            #expect(other.output.contains("--source.threshold 12"))
            let written = try String(contentsOf: directory.appending(path: Self.files[0]), encoding: .utf8)
            #expect(written.contains("} > 12\n"))
        }
    }

    @Test("replaces the threshold and the window everywhere", .timeLimit(.minutes(1)))
    func another() async throws {
        try await withTemporaryDirectory { directory in
            let run = try await Self.generate(["--threshold", "2", "--window", "30m", "--output", directory.path])
            try #require(run.exit == .status(0), "\(run.output)")
            let rules = directory.appending(path: "access-scanning.rules.yaml")
            let check = try await Program.promtool.run(["check", "rules", "--lint-fatal", rules.path])
            #expect(check.exit == .status(0), "\(check.output)")
            let text = try String(contentsOf: rules, encoding: .utf8)
            let detection = text.prefix(upTo: try #require(text.range(of: "  - name: kube-audit-exporter")).lowerBound)
            for line in detection.split(separator: "\n")
            where !line.trimmingPrefix(while: \.isWhitespace).hasPrefix("#") {
                #expect(!line.contains(/\[1h\]|offset 1h|3600|last hour|@(?! end\(\))/), "\(line)")
            }
            let test = directory.appending(path: "another.rules.test.yaml")
            try Data(Self.unitTest.utf8).write(to: test)
            let result = try await Program.promtool.run(["test", "rules", test.path])
            #expect(result.exit == .status(0), "\(result.output)")
        }
    }

    /// Three requests fire for half an hour, two do not; nine of a network with five quiet sources fire, eight do not.
    private static let unitTest = """
        rule_files: [access-scanning.rules.yaml]
        evaluation_interval: 1m
        tests:
          - interval: 15s
            input_series:
              - {series: 'kube_audit_unauthenticated_forbidden_requests_total{src_ip="192.0.2.3", origin="verified"}', values: _x40 3x400}
              - {series: 'kube_audit_source_first_seen_timestamp_seconds{src_ip="192.0.2.3", origin="verified"}', values: _x40 592x400}
              - {series: 'kube_audit_unauthenticated_forbidden_requests_total{src_ip="192.0.2.2", origin="verified"}', values: 100x199 102x240}
              - {series: 'kube_audit_source_first_seen_timestamp_seconds{src_ip="192.0.2.2", origin="verified"}', values: -9000x440}
              - {series: 'kube_audit_unauthenticated_forbidden_requests_by_network_total{network="192.0.2.0/24"}', values: 100x199 109x240}
              - {series: 'kube_audit_network_first_seen_timestamp_seconds{network="192.0.2.0/24"}', values: -9000x440}
              - {series: 'kube_audit_network_quiet_sources{network="192.0.2.0/24"}', values: 5x440}
              - {series: 'kube_audit_network_quiet_requests{network="192.0.2.0/24"}', values: 0x199 9x240}
              - {series: 'kube_audit_unauthenticated_forbidden_requests_by_network_total{network="10.0.0.0/24"}', values: _x40 8x400}
              - {series: 'kube_audit_network_first_seen_timestamp_seconds{network="10.0.0.0/24"}', values: _x40 592x400}
              - {series: 'kube_audit_network_quiet_sources{network="10.0.0.0/24"}', values: 5x440}
              - {series: 'kube_audit_network_quiet_requests{network="10.0.0.0/24"}', values: _x40 8x400}
            promql_expr_test:
              - expr: sum by (src_ip, network) (count_over_time({__name__="ALERTS", alertname=~"KubernetesAccessScanning(Network)?"}[2h]))
                eval_time: 109m
                exp_samples:
                  - {labels: '{src_ip="192.0.2.3"}', value: 30}
                  - {labels: '{network="192.0.2.0/24"}', value: 30}
        """

    @Test(
        "reports an invalid argument, and writes nothing",
        arguments: [
            (["--threshold", "0"], "--threshold must be a whole number from 1 to 999999, not '0'"),
            (["--threshold", "5.5"], "--threshold must be a whole number from 1 to 999999, not '5.5'"),
            (["--threshold", ""], "--threshold must be a whole number from 1 to 999999, not ''"),
            (["--threshold"], "--threshold needs a value"),
            (["--window", "1d"], "--window must be a whole number with m or h, such as 30m or 2h, not '1d'"),
            (["--window", "60"], "--window must be a whole number with m or h, such as 30m or 2h, not '60'"),
            (["--window", "1h/"], "--window must be a whole number with m or h, such as 30m or 2h, not '1h/'"),
            (["--window", "4m"], "--window must be from 5m to 24h, not '4m'"),
            (["--window", "25h"], "--window must be from 5m to 24h, not '25h'"),
            (["--output", "/nowhere"], "--output: /nowhere is not a directory"),
            (["--treshold", "5"], "unknown argument --treshold; see --help"),
        ])
    func badArguments(arguments: [String], message: String) async throws {
        try await withTemporaryDirectory { directory in
            let run = try await Self.generate(["--output", directory.path] + arguments)
            #expect(run.exit == .status(2))
            #expect(run.output == "alerts/generate: \(message)\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        }
    }
}
