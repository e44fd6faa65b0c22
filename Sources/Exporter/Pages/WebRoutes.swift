import Exposition
import Foundation
import HTTPServing

/// The paths of the server for metrics and pages.
enum WebRoutes {
    /// - Parameters:
    ///   - counts: The counts that are shown.
    ///   - status: The status that is shown.
    ///   - telemetryPath: The path of the metrics.
    ///   - withCreated: Whether counters have a `_created` series in OpenMetrics.
    ///   - lifecycle: Whether clients may request a reload.
    ///   - reload: Reloads the files that flags name, and returns their errors.
    ///   - servers: The metrics of the exporter's own servers.
    ///   - now: Seconds since 1970.
    static func routes(
        showing counts: Published<Counts>, _ status: StatusBoard, telemetryPath: String,
        withCreated: Bool = false, lifecycle: Lifecycle = Lifecycle(),
        reload: @escaping @Sendable () async -> [String] = { [] },
        servers: @escaping @Sendable () -> [MetricFamily] = { [] },
        now: @escaping @Sendable () -> Double = { Date.now.timeIntervalSince1970 }
    ) -> Routes {
        var routes = Routes()
        let text = MetricsPage(.text, showing: counts, status, servers: servers)
        let openMetrics = MetricsPage(
            .openMetrics, showing: counts, status, withCreated: withCreated, servers: servers)
        routes.on("GET", telemetryPath) { request in
            status.countScrape()
            let (page, other) =
                switch format(wanted: request.header("Accept")) {
                case .text: (text, openMetrics)
                case .openMetrics: (openMetrics, text)
                }
            other.forgetUnused()
            return page.response()
        }
        if telemetryPath != "/" {
            routes.onWaiting("GET", "/") { _ in
                await SourceLists.response {
                    .html(LandingPage.render(counts.current, status.current, telemetryPath: telemetryPath, at: now()))
                }
            }
        }
        SourcesPages(counts: counts, now: now).add(to: &routes)
        SourcesAPI(counts: counts, now: now).add(to: &routes)
        routes.on("GET", "/-/healthy") { _ in .text("kube-audit-exporter is healthy.\n") }
        routes.on("GET", "/-/ready") { _ in readiness(status.current.readiness()) }
        // Prometheus takes both methods.
        for method in ["POST", "PUT"] {
            routes.onWaiting(method, "/-/reload") { _ in
                guard lifecycle.isAllowed else { return .text(Lifecycle.refusal, status: 403) }
                let problems = await reload()
                guard !problems.isEmpty else { return .text("") }
                return .text("failed to reload: \(problems.joined(separator: "; "))\n", status: 500)
            }
        }
        return routes
    }

    private static func readiness(_ readiness: Readiness) -> HTTPResponse {
        switch readiness {
        case .ready: .text("kube-audit-exporter is ready.\n")
        case .heldBack:
            .text("kube-audit-exporter is ready; it shows restored counters for a minute before it reads on.\n")
        case .starting: .text("kube-audit-exporter has not looked at every log yet.\n", status: 503)
        case .blind(let reasons):
            .text(
                "kube-audit-exporter is not ready: no log can be read.\n\(reasons.joined(separator: "\n"))\n",
                status: 503)
        }
    }

    /// The older format is the answer unless a client prefers the newer one.
    private static func format(wanted accept: String?) -> ExpositionFormat {
        let best = AcceptHeader(accept).best(of: ExpositionFormat.allCases.map(\.contentType))
        return ExpositionFormat.allCases.first { $0.contentType == best } ?? .text
    }
}

/// Whether requests to the server may change something: a reload makes the exporter read all its files, which a client
/// without credentials must not be able to demand at will.
struct Lifecycle: Sendable {
    /// The body of the answer when it is not allowed.
    static let refusal =
        "Lifecycle API is not enabled. Start the exporter with --web.enable-lifecycle, or give --web.config.file with "
        + "basic_auth_users or client_auth_type RequireAndVerifyClientCert. SIGHUP reloads in any case.\n"

    /// Whether `--web.enable-lifecycle` is given.
    var isEnabled = false
    /// The configuration of the server, which a reload may change; `nil` without a file.
    var web: WebConfiguration?

    /// Whether it is allowed at this moment.
    var isAllowed: Bool {
        isEnabled || web?.policy.requiresPassword == true || web?.tls?.requiresVerifiedClients == true
    }
}
