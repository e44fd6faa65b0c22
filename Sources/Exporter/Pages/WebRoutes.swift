import Exposition
import HTTPServing

/// What is answered under which path.
enum WebRoutes {
    /// - Parameter servers: The metrics of the exporter's own servers.
    static func routes(
        showing published: Published<Snapshot>, telemetryPath: String,
        servers: @escaping @Sendable () -> [MetricFamily] = { [] }
    ) -> Routes {
        var routes = Routes()
        routes.on("GET", telemetryPath) { request in
            let format = format(wanted: request.header("Accept"))
            return HTTPResponse(
                headers: ["Content-Type": format.contentType],
                body: format.render(ExporterMetrics.families(of: published.current) + servers()))
        }
        if telemetryPath != "/" {
            routes.on("GET", "/") { _ in
                .html(LandingPage.render(published.current, telemetryPath: telemetryPath))
            }
        }
        routes.on("GET", "/-/healthy") { _ in .text("kube-audit-exporter is healthy.\n") }
        routes.on("GET", "/-/ready") { _ in
            published.current.isReady
                ? .text("kube-audit-exporter is ready.\n")
                : .text("kube-audit-exporter has not looked at every log yet.\n", status: 503)
        }
        return routes
    }

    /// The older format is for whoever does not ask for the newer one, or for nothing that there is.
    private static func format(wanted accept: String?) -> ExpositionFormat {
        let best = AcceptHeader(accept).best(of: ExpositionFormat.allCases.map(\.contentType))
        return ExpositionFormat.allCases.first { $0.contentType == best } ?? .text
    }
}
