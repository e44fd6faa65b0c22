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
    ///
    /// - Parameter othersHaveLines: Whether another log has lines. Then an empty one is no problem: a log is empty just
    ///   after its rotation.
    static func messages(about log: StoredLog, _ reading: LogReading, othersHaveLines: Bool) -> [Message] {
        var messages: [Message] = []
        if let problem = reading.problem { messages.append(Message(text: "\(problem)", isProblem: true)) }
        if reading.lines == 0 {
            // A log of which nothing could be read has a problem already.
            guard messages.isEmpty else { return messages }
            let state = log.size ?? 0 > 0 ? "holds no lines" : "is empty"
            return [
                Message(text: "\(log.path): \(state)", isProblem: !log.isFromDirectory && !othersHaveLines)
            ]
        }
        guard reading.holdsAuditEvents else {
            let text = "\(log.path): holds no audit event; \(description(of: log, reading))"
            // Foreign files in a directory are left out; events that cannot be read are a problem there too.
            let mayHoldEvents =
                reading.firstWrapped != nil || unsupportedFormat(reading) != nil
                || reading.beginning.firstRange(of: Array("audit.k8s.io".utf8)) != nil
            return messages + [Message(text: text, isProblem: !log.isFromDirectory || mayHoldEvents)]
        }
        if let first = reading.firstMalformed {
            let count = reading.malformedCount
            let skipped = count == 1 ? "that is not an audit event" : "that are not audit events"
            var text =
                "\(log.path): skipped \(count) of \(reading.lines) lines \(skipped); the first is at byte "
                + "\(first.offset): \(first.reason)" + (first.shape.map { ", it looks like \($0)" } ?? "")
            if let wrapped = reading.firstWrapped, let shape = wrapped.shape {
                let place = wrapped == first ? "" : "the line at byte \(wrapped.offset) looks like \(shape), and "
                text +=
                    "; \(place)events in such lines are not counted: "
                    + shape.scanAdvice(for: shellName(of: log), reading)
            }
            messages.append(Message(text: text, isProblem: reading.firstWrapped != nil))
        }
        return messages
    }

    private static func description(of log: StoredLog, _ reading: LogReading) -> String {
        if let (_, name, command) = unsupportedFormat(reading) {
            return "it is \(name); pipe its content in: \(command) \(shellName(of: log)) | kube-audit-exporter scan -"
        }
        let isArray = reading.beginning.first == UInt8(ascii: "[")
        if let shape = (reading.firstWrapped ?? reading.firstMalformed)?.shape ?? (isArray ? .array : nil) {
            return "it looks like \(shape); \(shape.scanAdvice(for: shellName(of: log), reading))"
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

    private static func unsupportedFormat(_ reading: LogReading) -> (magic: [UInt8], name: String, command: String)? {
        unsupported.first { reading.beginning.starts(with: $0.magic) }
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
    /// - Parameters:
    ///   - file: The log, in a shell command.
    ///   - reading: What was found in it.
    fileprivate func scanAdvice(for file: String, _ reading: LogReading) -> String {
        let beginning = reading.beginning
        let (form, command): (String, String)
        switch self {
        case .containerLog: (form, command) = ("bare events", "cut -d' ' -f4- \(file)")
        case .dockerLog: (form, command) = ("bare events", "jq -rj .log \(file)")
        case .syslog, .prefixed:
            guard beginning.contains(UInt8(ascii: "{")) || beginning.count >= 512 else {
                return "it has no events as JSON; name the file of an API server with --audit-log-format=json"
            }
            (form, command) = ("bare events", "sed 's/^[^{]*//' \(file)")
        // The first object that is an event: text of clients within it is not searched.
        case .shipper,
            .otherProgram where reading.firstWrapped != nil:
            let event = "objects, (strings | fromjson? | objects) | select(has(\"auditID\"))"
            (form, command) = ("bare events", "jq -c 'first(.. | \(event))' \(file)")
        case .array: (form, command) = ("one event per line", "jq -c '.[]' \(file)")
        case .printed:
            let filter = beginning.first == UInt8(ascii: "[") ? "'.[]'" : "."
            (form, command) = ("one event per line", "jq -c \(filter) \(file)")
        case .eventList: (form, command) = ("one event per line", "jq -c '.items[]' \(file)")
        case .otherProgram, .programLog: return "name the file of the API server's --audit-log-path"
        default: return "this format is not supported yet; pass on bare events, one per line"
        }
        return "pass on \(form): \(command) | kube-audit-exporter scan -"
    }
}
