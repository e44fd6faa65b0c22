import Logging
import Synchronization

/// Log lines in memory, with their metadata.
final class RecordedLog: Sendable {
    private let lines = Mutex<[String]>([])

    /// Writes into this log.
    var logger: Logger { Logger(label: "tests") { _ in Handler(log: self) } }

    /// The lines that contain a text.
    func lines(containing text: String) -> [String] { lines.withLock { $0.filter { $0.contains(text) } } }

    private struct Handler: LogHandler {
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
}
