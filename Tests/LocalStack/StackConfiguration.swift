public import Foundation
public import TestSupport

/// What a stack runs with: the exporter on one log, Prometheus with its rules, Alertmanager with one receiver, all of
/// them impatient.
public struct StackConfiguration: Sendable {
    /// Files of rules for Prometheus.
    public var rules: [URL]
    /// A database of locations for the exporter.
    public var locations: URL?
    /// Further arguments for the exporter.
    public var exporterArguments: [String]
    /// Alertmanager's configuration; `nil` for one that sends all to the stack's receiver.
    public var alertmanager: String?

    /// A configuration; the project's own rules and the made-up locations of the fixtures unless given.
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

    func prometheus(scraping exporter: URL, notifying alertmanager: URL) -> String {
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
          - job_name: kube-audit-exporter
            static_configs: [{targets: \(Self.flow([Self.target(exporter)]))}]
        """
    }

    /// Each alert is a notification of its own, sent at once, and never again. The project's templates are loaded, though
    /// what a webhook is sent needs none.
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

    func exporter(following log: URL) -> [String] {
        ["--audit.log", log.path, "--web.listen-address", "127.0.0.1:0"]
            + (locations.map { ["--geoip.database", $0.path] } ?? []) + exporterArguments
    }

    /// A list in YAML, which JSON is a part of; so paths may hold anything.
    private static func flow(_ strings: [String]) -> String {
        let encoder = JSONEncoder()
        // YAML of Prometheus' kind knows no escaped slash.
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(strings)).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    private static func target(_ url: URL) -> String { "\(url.host() ?? ""):\(url.port ?? 0)" }
}
