import Foundation
import Logging

/// Writes each log event as one line.
struct LineLogHandler: LogHandler {
    private static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: LogFormat
    private let writer: LineWriter

    /// - Parameters:
    ///   - level: Less severe events are not written.
    ///   - format: The form of the lines.
    ///   - writer: Takes the lines.
    init(level: Logger.Level, format: LogFormat, writer: LineWriter = .standardError) {
        logLevel = level
        self.format = format
        self.writer = writer
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = [
            (key: "ts", value: Date.now.formatted(Self.timestamp)),
            (key: "level", value: event.level == .warning ? "warn" : event.level.rawValue),
            (key: "msg", value: event.message.description),
        ]
        var details = metadata.merging(event.metadata ?? [:]) { $1 }
        if let error = event.error { details["err"] = "\(error)" }
        fields += details.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value.description) }
        writer.write { dropped in
            format.line(dropped == 0 ? fields : fields + [(key: "dropped_lines", value: "\(dropped)")])
        }
    }
}
