import Foundation
import HTTPServing
import Logging
import Synchronization

@testable import Exporter

/// A pipeline and the files that flags name, with a clock that tests advance.
struct Reloading {
    let configuration: Configuration
    let pipeline: Pipeline
    let files: ReloadableFiles
    private let clock = AdvancedClock()
    private let log = RecordedLog()

    private final class RecordedLog: Sendable {
        let lines = Mutex<[String]>([])
    }

    private struct RecordingHandler: LogHandler {
        let log: RecordedLog
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let error = event.error.map { ": \($0)" } ?? ""
            log.lines.withLock { $0.append("\(event.message)\(error) \(event.metadata ?? [:])") }
        }
    }

    private final class AdvancedClock: Sendable {
        let offset = Mutex(Duration.zero)
        var now: ContinuousClock.Instant { .now + offset.withLock { $0 } }
    }

    init(_ options: ServeOptions) throws {
        var options = options
        if options.webhookListenAddress == nil { options.auditLogs = ["x"] }
        options.logLevel = "error"
        configuration = try Configuration(options)
        pipeline = Pipeline(configuration, now: { 1000 })
        let logger = Logger(label: "tests") { [log] _ in RecordingHandler(log: log) }
        files = ReloadableFiles(
            configuration.reloadableFiles(for: pipeline), status: pipeline.status, logger: logger, now: { 1000 },
            clock: { [clock] in clock.now })
    }

    /// Looks at the files, a second after the previous look.
    func look() async {
        clock.offset.withLock { $0 += .seconds(1) }
        await files.look()
    }

    /// The log lines that contain a text.
    func logged(_ text: String) -> [String] { log.lines.withLock { $0.filter { $0.contains(text) } } }

    var status: Status { pipeline.status.current }
    var isSuccessful: Bool { status.reload.isSuccessful }
}
