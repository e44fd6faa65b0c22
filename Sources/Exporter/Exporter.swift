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
    /// Runs until SIGTERM or SIGINT; a second signal ends the process at once.
    ///
    /// - Parameter options: The flags of the command line.
    /// - Throws: `ConfigurationError` if a flag, or the directory, file or address that it names, cannot be used, and
    ///   `StateNotWritten` if the last counts could not be written.
    public static func run(_ options: ServeOptions) async throws {
        // A scraper that closes its connection must not end the process.
        signal(SIGPIPE, SIG_IGN)
        // Until reloads are possible, a reload that is requested must not end it either.
        signal(SIGHUP, SIG_IGN)
        defer { LineWriter.standardError.flush(within: .seconds(1)) }
        OpenFiles.raiseLimit()
        ProcessMemory.limitArenas()
        let configuration = try Configuration(options)
        let (pipeline, holdback, known) = try restore(configuration)
        if holdback.duration > .zero {
            pipeline.status.update { $0.heldBackUntil = .now + holdback.duration }
        }
        // Before the servers listen, so that a stop that is requested from then on is an orderly one.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let stop = StopService(signals: signals, logger: configuration.logger)
        try await run(
            services(configuration, pipeline, holdback, known: known), until: stop)
        configuration.logger.info("Stopped")
    }

    /// Opens the state, and continues from it. What was read from the disk is in memory only until this returns.
    private static func restore(
        _ configuration: Configuration
    ) throws(ConfigurationError) -> (pipeline: Pipeline, holdback: Holdback, known: KnownPositions) {
        let start = Date.now.timeIntervalSince1970
        let (store, stored, counting) = try openState(configuration, at: start)
        let holdback = Holdback(lastWritten: stored.lastCheckpoint, now: start)
        StartMessages.log(configuration, (store, stored), holdback)
        let pipeline = Pipeline(configuration, storage: (store, stored), continuing: counting)
        return (pipeline, holdback, KnownPositions(stored.positions))
    }

    private static func openState(
        _ configuration: Configuration, at now: Double
    ) throws(ConfigurationError) -> (store: StateStore, stored: StoredState, restored: Counting) {
        do throws(StateStoreError) {
            return try StateStore.open(
                directory: configuration.storagePath, version: BuildInfo.current.version, at: now
            ) { Counting(configuration, restoring: $0, at: now) }
        } catch {
            throw ConfigurationError(error, storagePath: configuration.storagePath)
        }
    }

    /// The services in starting order. They stop in reverse order: the inputs first, then the pipeline, and the web
    /// servers last, so that scrapes are answered until the end.
    private static func services(
        _ configuration: Configuration, _ pipeline: Pipeline, _ holdback: Holdback, known: KnownPositions
    ) throws -> [any Service] {
        let logger = configuration.logger
        let status = pipeline.status
        let files = ReloadableFiles(configuration.reloadableFiles(for: pipeline), status: status, logger: logger) {
            Date.now.timeIntervalSince1970
        }
        let readingLog = ReadingLog(logger: logger)
        let webhook = try configuration.webhook.map {
            try WebhookInput($0, selecting: configuration.analytics.map(\.selector), logger: logger)
        }
        let web = configuration.externalURL.map { [$0.family] } ?? []
        let routes = WebRoutes.routes(
            showing: pipeline.published, status, telemetryPath: configuration.telemetryPath,
            withCreated: configuration.showsCreatedSeries,
            lifecycle: configuration.lifecycle, reload: files.reload, servers: { web + (webhook?.families ?? []) })
        var services: [any Service] = [
            SuppressedMessagesService {
                readingLog.flush()
                files.flushLog()
            },
            try WebService(configuration, routes: routes), ReloadService(files: files),
            UpkeepService(pipeline: pipeline), MemoryService(pipeline: pipeline),
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
            inputs.append(
                StandardInput(
                    selecting: selectors, as: configuration.standardInputFormat,
                    from: configuration.standardInputStart, report: report))
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
        return services
    }

    private static func run(_ services: [any Service], until stop: StopService) async throws {
        typealias Member = ServiceGroupConfiguration.ServiceConfiguration
        let end = Member(service: stop, successTerminationBehavior: .gracefullyShutdownGroup)
        // The group's own log messages are of no use to operators.
        let silent = Logger(label: "services") { _ in SwiftLogNoOpLogHandler() }
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { Member(service: $0) } + [end], logger: silent)
        ).run()
    }
}
