import Foundation
import HTTPServing
import Synchronization

@testable import Exporter

/// A pipeline and the files that flags name, with a clock that tests advance.
struct Reloading {
    let configuration: Configuration
    let pipeline: Pipeline
    let files: ReloadableFiles
    private let clock = AdvancedClock()
    private let log = RecordedLog()

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
        files = ReloadableFiles(
            configuration.reloadableFiles(for: pipeline), status: pipeline.status, logger: log.logger, now: { 1000 },
            clock: { [clock] in clock.now })
    }

    /// Looks at the files, a second after the previous look.
    func look() async {
        clock.offset.withLock { $0 += .seconds(1) }
        await files.look()
    }

    /// The log lines that contain a text.
    func logged(_ text: String) -> [String] { log.lines(containing: text) }

    var status: Status { pipeline.status.current }
    var isSuccessful: Bool { status.reload.isSuccessful }
}
