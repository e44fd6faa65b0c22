import AccessScanning
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
        defer { LineWriter.standardError.flush(within: .seconds(1)) }
        OpenFiles.raiseLimit()
        ProcessMemory.limitArenas()
        let configuration = try Configuration(options)
        let logger = configuration.logger
        let start = Date.now.timeIntervalSince1970
        let storage = try StateStore.open(
            directory: configuration.storagePath, version: BuildInfo.current.version, at: start)
        logger.info("Starting", metadata: ["version": "\(BuildInfo.current)"])
        if let damaged = storage.store.damaged {
            logger.error(
                "State was damaged and is begun anew: counters at nought, logs as if read for the first time",
                metadata: ["moved_to": "\(damaged.path)", "reason": "\(damaged.reason)"])
        }
        let holdback = Holdback(lastWritten: storage.stored.lastCheckpoint, now: start)
        if holdback.duration > .zero {
            logger.info("Away for long: the counters of before are shown for a minute, then reading begins")
        }
        let pipeline = Pipeline(configuration, storage: storage)
        try await run(
            services(configuration, pipeline, holdback, known: KnownPositions(storage.stored.positions)))
        logger.info("Stopped")
    }

    /// In the order in which they begin; they are stopped in the reverse order: first what comes in, then the
    /// pipeline, and scrapers are answered to the last.
    private static func services(
        _ configuration: Configuration, _ pipeline: Pipeline, _ holdback: Holdback, known: KnownPositions
    ) throws -> [any Service] {
        let logger = configuration.logger
        for notice in configuration.notices {
            logger.warning("\(notice)")
        }
        let status = pipeline.status
        let files = ReloadableFiles(configuration.reloadableFiles(for: pipeline), status: status, logger: logger) {
            Date.now.timeIntervalSince1970
        }
        let readingLog = ReadingLog(logger: logger)
        let webhook = try configuration.webhook.map {
            try WebhookInput($0, selecting: configuration.analytics.map(\.selector), logger: logger)
        }
        let routes = WebRoutes.routes(
            showing: pipeline.published, status, telemetryPath: configuration.telemetryPath,
            lifecycle: configuration.lifecycle, reload: files.reload, servers: { webhook?.families ?? [] })
        var services: [any Service] = [
            try WebService(configuration, routes: routes), ReloadService(files: files),
            UpkeepService(pipeline: pipeline),
            PipelineService(pipeline: pipeline),
        ]
        let report: LogReport = { states in
            readingLog.note(states)
            pipeline.status.report(states)
        }
        let selectors = configuration.analytics.map(\.selector)
        var inputs: [any AuditInput] = []
        if let webhook { inputs.append(webhook) }
        if configuration.readsStandardInput {
            inputs.append(StandardInput(selecting: selectors, report: report))
        }
        if !configuration.logs.isEmpty {
            inputs.append(
                FollowedLogs(
                    configuration.logs, from: configuration.start, selecting: selectors,
                    restoring: known, report: report))
        }
        services += inputs.map { input in
            InputService(input: input, holdback: holdback) { batch in
                readingLog.note(batch)
                return batch.awaitsCommit ? await pipeline.commit(batch) : await pipeline.apply(batch)
            }
        }
        return services + [StopService(logger: logger)]
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
