import Foundation
import Glibc
import Logging

/// Writes each log event as one line to standard error.
struct LineLogHandler: LogHandler {
    private static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - level: What is less grave is not written.
    ///   - format: How lines look.
    ///   - write: Where lines go; standard error unless given.
    init(
        level: Logger.Level, format: LogFormat, write: @escaping @Sendable (String) -> Void = Self.writeToStandardError
    ) {
        logLevel = level
        self.format = format
        self.write = write
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
        write(format.line(fields))
    }

    /// One call a line, so that lines of several threads do not mix.
    @Sendable static func writeToStandardError(_ line: String) {
        var line = line
        line.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }
}
