import Foundation
import LocalStack
import TestSupport

/// Addresses of the running programs, and the files to deploy.
struct Introduction {
    let text: String

    init(_ stack: LocalStack, _ pages: StackPages) throws {
        let dashboards = try Self.files("dashboards", endingIn: ".json")
        let runbooks = try Self.files("alerts/runbooks", endingIn: ".md")
        text = """

              exporter       \(stack.exporter.url)/
              metrics        \(stack.exporter.url)/metrics
              sources        \(stack.exporter.url)/sources
              Prometheus     \(pages.prometheusAlerts)
              Alertmanager   \(pages.alertmanagerAlerts)\(Self.substitute(stack, pages))
              audit log      \(stack.log.url.path)

            Files that they use and that you can deploy, in \(Fixture.repository.path):

              rules          alerts/access-scanning.rules.yaml (loaded by Prometheus), or
                             alerts/prometheusrule.yaml for the Prometheus operator
              notifications  alerts/alertmanager.yaml (an example) with
                             alerts/access-scanning.tmpl (loaded by Alertmanager)
              runbooks       alerts/runbooks/ (\(runbooks.count))
              dashboards     \(dashboards.joined(separator: "\n                 "))
                             (import them into Grafana; the data source is the Prometheus above)

            A log of a real API server, shifted to the current time, is written to the audit log line by line: the server
            starts, then clients scan it, and some find something open. Prometheus scrapes other programs too, which rules
            and dashboards ignore. Stop with Ctrl-C.

            """
    }

    /// How to see alerts without a page.
    private static func substitute(_ stack: LocalStack, _ pages: StackPages) -> String {
        guard !pages.alertmanagerHasPages else { return "" }
        return """

                             (JSON; this version has no pages. For a list, run
                             amtool --alertmanager.url=\(stack.alertmanager.url) alert query)
            """
    }

    private static func files(_ directory: String, endingIn suffix: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Fixture.repository.appending(path: directory).path)
            .filter { $0.hasSuffix(suffix) }.sorted().map { "\(directory)/\($0)" }
    }
}
