import AuditEvents
import AuditSources

/// What `scan` says about a log that it read: a problem, or lines that it skipped.
enum LogFindings {
    /// A message, and whether the log, or a part of it, was not searched because of it.
    struct Message {
        var text: String
        var isProblem: Bool
    }

    /// The messages about a log; none if all of its lines are audit events.
    static func messages(about log: StoredLog, _ reading: LogReading) -> [Message] {
        var messages: [Message] = []
        if let problem = reading.problem { messages.append(Message(text: "\(problem)", isProblem: true)) }
        if reading.lines == 0 {
            // A log of which nothing could be read has a problem already.
            guard messages.isEmpty else { return messages }
            let state = log.size ?? 0 > 0 ? "holds no lines" : "is empty"
            return [Message(text: "\(log.path): \(state)", isProblem: !log.isFromDirectory)]
        }
        guard reading.holdsAuditEvents else {
            let text = "\(log.path): holds no audit event; \(description(of: log, reading))"
            return messages + [Message(text: text, isProblem: !log.isFromDirectory)]
        }
        if let first = reading.firstMalformed {
            let count = reading.malformedCount
            let skipped = count == 1 ? "that is not an audit event" : "that are not audit events"
            let text =
                "\(log.path): skipped \(count) of \(reading.lines) lines \(skipped); the first is at byte "
                + "\(first.offset): \(first.reason)" + (first.shape.map { ", it looks like \($0)" } ?? "")
            messages.append(Message(text: text, isProblem: false))
        }
        return messages
    }

    private static func description(of log: StoredLog, _ reading: LogReading) -> String {
        if let (_, name, command) = unsupported.first(where: { reading.beginning.starts(with: $0.magic) }) {
            return "it is \(name); pipe its content in: \(command) \(shellName(of: log)) | kube-audit-exporter scan -"
        }
        if let shape = reading.firstMalformed?.shape {
            return "it looks like \(shape); \(shape.scanAdvice(for: shellName(of: log)))"
        }
        let line = reading.beginning.prefix { $0 != 10 && $0 != 13 }
        let text = LogFormat.quoted(String(decoding: line, as: UTF8.self).shortened(to: 60))
        return "it begins with \(text); name the file of the API server's --audit-log-path"
    }

    /// The path of a log, or a word that stands for it if a shell would need quotes.
    private static func shellName(of log: StoredLog) -> String {
        let isPlain =
            log.path != "-" && log.path.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-".contains($0)) }
        return isPlain ? log.path : "FILE"
    }

    private static let unsupported: [(magic: [UInt8], name: String, command: String)] = [
        ([0xfd, 0x37, 0x7a, 0x58, 0x5a], "compressed with xz", "xz -dc"),
        ([0x42, 0x5a, 0x68], "compressed with bzip2", "bzip2 -dc"),
        ([0x04, 0x22, 0x4d, 0x18], "compressed with lz4", "lz4 -dc"),
        ([0x50, 0x4b, 0x03, 0x04], "a zip archive", "unzip -p"),
        // What is left after one decompression. zstd reads both formats.
        ([0x1f, 0x8b], "compressed twice", "zstd -dc"),
        ([0x28, 0xb5, 0x2f, 0xfd], "compressed twice", "zstd -dc"),
    ]
}

extension RecordShape {
    /// How to search its events.
    ///
    /// - Parameter file: The log, in a shell command.
    fileprivate func scanAdvice(for file: String) -> String {
        let (form, command): (String, String)
        switch self {
        case .containerLog: (form, command) = ("bare events", "cut -d' ' -f4- \(file)")
        case .dockerLog: (form, command) = ("bare events", "jq -rj .log \(file)")
        case .syslog, .prefixed: (form, command) = ("bare events", "sed 's/^[^{]*//' \(file)")
        case .array: (form, command) = ("one event per line", "jq -c '.[]' \(file)")
        case .printed: (form, command) = ("one event per line", "jq -c . \(file)")
        case .eventList: (form, command) = ("one event per line", "jq -c '.items[]' \(file)")
        case .otherProgram, .programLog: return "name the file of the API server's --audit-log-path"
        default: return "this format is not supported yet; pass on bare events, one per line"
        }
        return "pass on \(form): \(command) | kube-audit-exporter scan -"
    }
}
