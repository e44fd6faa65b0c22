import AuditSources
import Foundation
import Glibc
import HTTPServing
import Logging
import ServiceLifecycle
import StateStore
import UnixSignals

/// The exporter: inputs, pipeline and pages, wired together.
public enum Exporter {
    /// Runs until SIGTERM or SIGINT; a second one ends it at once.
    ///
    /// - Parameter options: What was given on the command line.
    /// - Throws: `ConfigurationError` where a flag cannot be used, `StateStoreError` where the state cannot,
    ///   `HTTPServerError` where it cannot listen, and at the end, if what was counted last could not be written.
    public static func run(_ options: ServeOptions) async throws {
        // A scraper that leaves must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let configuration = try Configuration(options)
        let logger = configuration.logger
        let start = Date.now.timeIntervalSince1970
        let storage = try StateStore.open(
            directory: configuration.storagePath, version: BuildInfo.current.version, at: start)
        logger.info("Starting", metadata: ["version": "\(BuildInfo.current)"])
        if let damaged = storage.store.damaged {
            logger.error(
                "The state was damaged and is begun anew: counters begin at nought, and logs are read as if for the first time",
                metadata: ["moved_to": "\(damaged.path)", "reason": "\(damaged.reason)"])
        }
        let pipeline = Pipeline(configuration, storage: storage)
        let reload = Reload(pipeline: pipeline, logger: logger)
        let servers = try serve(configuration, pipeline)

        let holdback = Holdback(lastWritten: storage.stored.lastCheckpoint, now: start)
        if holdback.duration > .zero {
            logger.info("Away for long: the counters of before are shown for a minute, then reading begins")
        }
        // Stopped in the reverse order: first what comes in, then the pipeline, and scrapers are answered to the last.
        var services: [any Service] = [
            WebService(servers: servers), ReloadService(reload: reload), UpkeepService(pipeline: pipeline),
            PipelineService(pipeline: pipeline),
        ]
        if configuration.readsStandardInput {
            services.append(StandardInputService(holdback: holdback, pipeline: pipeline))
        }
        if !configuration.logs.isEmpty {
            services.append(
                LogFollowingService(
                    logs: configuration.logs, start: configuration.start,
                    known: KnownPositions(storage.stored.positions), holdback: holdback, pipeline: pipeline))
        }
        services.append(StopService(logger: logger))
        try await run(services)
        logger.info("Stopped")
    }

    private static func serve(_ configuration: Configuration, _ pipeline: Pipeline) throws -> [HTTPServer] {
        let routes = WebRoutes.routes(showing: pipeline.published, telemetryPath: configuration.telemetryPath)
        return try configuration.listenAddresses.map { address in
            let server = try HTTPServer(listenOn: address, routes: routes)
            configuration.logger.info("Listening", metadata: ["address": "\(server.address)"])
            return server
        }
    }

    private static func run(_ services: [any Service]) async throws {
        // What the group says of its services is of no use to who runs the exporter.
        let silent = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: silent)
        ).run()
    }
}
