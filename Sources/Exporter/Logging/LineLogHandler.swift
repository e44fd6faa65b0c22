import Foundation
import Logging

/// Writes each log event as one line.
struct LineLogHandler: LogHandler {
    private static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    private let format: LogFormat
    private let writer: LineWriter
    private let messages: LogMessages

    /// - Parameters:
    ///   - level: Less severe events are not written.
    ///   - format: The form of the lines.
    ///   - writer: Takes the lines.
    ///   - messages: Counts them.
    init(
        level: Logger.Level, format: LogFormat, writer: LineWriter = .standardError, messages: LogMessages = .standard
    ) {
        logLevel = level
        self.format = format
        self.writer = writer
        self.messages = messages
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        messages.count(event.level)
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

/// The format of the exporter's own log.
enum LogFormat: String, CaseIterable {
    /// `ts=2026-11-24T10:00:00.000Z level=info msg="Listening" address=127.0.0.1:10403`
    case logfmt
    /// `{"ts":"2026-11-24T10:00:00.000Z","level":"info","msg":"Listening","address":"127.0.0.1:10403"}`
    case json

    /// One line, with its line feed.
    ///
    /// - Parameter fields: Fixed keys, and values that may contain untrusted text.
    func line(_ fields: [(key: String, value: String)]) -> String {
        switch self {
        case .logfmt: fields.map { "\($0.key)=\(Self.logfmtValue($0.value))" }.joined(separator: " ") + "\n"
        case .json: "{" + fields.map { "\"\($0.key)\":\(Self.quoted($0.value))" }.joined(separator: ",") + "}\n"
        }
    }

    private static func logfmtValue(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x3D && $0 != 0x5C }
        return isPlain && !text.isEmpty ? text : quoted(text)
    }

    /// A JSON string in which all characters that affect a terminal are escaped.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            default:
                if scalar.isInvisible {
                    quoted += scalar.jsonEscape
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
