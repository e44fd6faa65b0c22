public import Foundation
public import TestSupport

/// The configuration of a stack: the exporter on one log, Prometheus with rules, Alertmanager with one receiver, all
/// with short intervals.
///
/// Prometheus scrapes other programs as well, as in a cluster: rules and dashboards must not take them for exporters.
public struct StackConfiguration: Sendable {
    /// Rule files for Prometheus.
    public var rules: [URL]
    /// A location database for the exporter.
    public var locations: URL?
    /// Additional arguments for the exporter.
    public var exporterArguments: [String]
    /// Alertmanager's configuration; `nil` sends all alerts to the stack's receiver.
    public var alertmanager: String?

    /// The exporter's job, named as the Prometheus operator names the jobs of a PodMonitor: namespace and name.
    public static let exporterJob = "monitoring/kube-audit-exporter"

    /// A configuration; by default with the project's own rules and the invented locations of the fixtures.
    public init(
        rules: [URL] = [Fixture.repository.appending(path: "alerts/access-scanning.rules.yaml")],
        locations: URL? = Fixture.url("locations/locations.mmdb"), exporterArguments: [String] = [],
        alertmanager: String? = nil
    ) {
        self.rules = rules
        self.locations = locations
        self.exporterArguments = exporterArguments
        self.alertmanager = alertmanager
    }

    /// - Parameter port: Prometheus' own port.
    func prometheus(on port: UInt16, scraping exporter: URL, notifying alertmanager: URL) -> String {
        """
        global:
          scrape_interval: 1s
          scrape_timeout: 1s
          evaluation_interval: 1s
        rule_files: \(Self.flow(rules.map(\.path)))
        alerting:
          alertmanagers:
            - static_configs: [{targets: \(Self.flow([Self.target(alertmanager)]))}]
        scrape_configs:
          - job_name: \(Self.exporterJob)
            static_configs:
              - targets: \(Self.flow([Self.target(exporter)]))
                labels: {namespace: monitoring, pod: kube-audit-exporter-7xk2p, endpoint: web}
          # Other programs: one that is up, one that is down, and one whose job is named like an exporter's.
          - job_name: prometheus
            scrape_interval: 5s
            static_configs: [{targets: ["127.0.0.1:\(port)"]}]
          - job_name: node-exporter
            scrape_interval: 5s
            # Nothing listens on port 1.
            static_configs: [{targets: ["127.0.0.1:1"]}]
          - job_name: kube-audit-exporter
            scrape_interval: 5s
            static_configs: [{targets: \(Self.flow([Self.target(alertmanager)]))}]
        """
    }

    /// Each alert is a notification of its own, sent at once and never repeated. The project's templates are loaded,
    /// though webhooks do not use them.
    static func alertmanager(notifying receiver: String) -> String {
        """
        templates: \(flow([Fixture.repository.appending(path: "alerts/access-scanning.tmpl").path]))
        route:
          receiver: webhook
          group_by: ['...']
          group_wait: 0s
          group_interval: 1s
          repeat_interval: 24h
        receivers:
          - name: webhook
            webhook_configs:
              - url: \(receiver)
                send_resolved: false
        """
    }

    /// `--audit.from beginning`, since recorded logs are older than a log that a first start would count.
    func exporter(following log: URL, on port: UInt16) -> [String] {
        [
            "--audit.log", log.path, "--audit.from", "beginning", "--web.listen-address", "127.0.0.1:\(port)",
            "--web.external-url", "http://127.0.0.1:\(port)/",
        ]
            + (locations.map { ["--geoip.database", $0.path] } ?? []) + exporterArguments
    }

    /// A YAML list, written as JSON, so that paths may contain any character.
    private static func flow(_ strings: [String]) -> String {
        let encoder = JSONEncoder()
        // Prometheus' YAML parser does not support escaped slashes.
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(strings)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    private static func target(_ url: URL) -> String { "\(url.host() ?? ""):\(url.port ?? 0)" }
}
