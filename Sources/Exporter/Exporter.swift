import Foundation
import Glibc
import HTTPServing
import Logging
import ServiceLifecycle
import UnixSignals

/// The exporter: inputs, pipeline and pages, wired together.
public enum Exporter {
    /// Runs until SIGTERM or SIGINT.
    ///
    /// - Parameter options: What was given on the command line.
    /// - Throws: `ConfigurationError` where a flag cannot be used, `HTTPServerError` where it cannot listen.
    public static func run(_ options: ServeOptions) async throws {
        // A scraper that leaves must not end the process.
        signal(SIGPIPE, SIG_IGN)
        OpenFiles.raiseLimit()
        let configuration = try Configuration(options)
        let logger = configuration.logger
        let pipeline = Pipeline(configuration)
        let certificates = ServedCertificates(
            [("web", configuration.tls), ("webhook", configuration.webhook?.tls)], logger: logger)
        logger.info("Starting", metadata: ["version": "\(BuildInfo.current)"])
        let webhook = try configuration.webhook.map { webhook in
            try WebhookService(webhook, sink: PipelineSink(pipeline: pipeline), logger: logger)
        }
        let routes = WebRoutes.routes(showing: pipeline.published, telemetryPath: configuration.telemetryPath) {
            certificates.families + (webhook?.families ?? [])
        }
        var servers: [HTTPServer] = []
        for address in configuration.listenAddresses {
            let server = try HTTPServer(listenOn: address, routes: routes, tls: configuration.tls)
            let tls = configuration.tls != nil
            logger.info("Listening", metadata: ["address": "\(server.address)", "tls": "\(tls)"])
            servers.append(server)
        }
        if let webhook {
            let tls = configuration.webhook?.tls != nil
            logger.info(
                "Listening for the audit webhook", metadata: ["address": "\(webhook.address)", "tls": "\(tls)"])
        }

        // Stopped in the reverse order: scrapers are answered to the last.
        var services: [any Service] = [
            WebService(servers: servers), UpkeepService(pipeline: pipeline, certificates: certificates),
        ]
        if configuration.readsStandardInput { services.append(StandardInputService(pipeline: pipeline)) }
        if !configuration.logs.isEmpty {
            services.append(
                LogFollowingService(logs: configuration.logs, start: configuration.start, pipeline: pipeline))
        }
        if let webhook { services.append(webhook) }
        // What the group says of its services is of no use to who runs the exporter.
        let silent = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: silent)
        ).run()
        logger.info("Stopped")
    }
}
