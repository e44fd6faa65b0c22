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
    /// - Parameters:
    ///   - othersHaveLines: Whether another log has lines. Then an empty one is no problem: a log is empty just after its
    ///     rotation.
    ///   - command: Reads standard input, such as `kube-audit-exporter scan -`.
    static func messages(
        about log: StoredLog, _ reading: LogReading, othersHaveLines: Bool, command: String
    ) -> [Message] {
        let advice = Advice(file: shellName(of: log), command: command, beginning: reading.beginning)
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
        if reading.truncated > 0 {
            let cut =
                reading.truncated == 1
                ? "1 audit event was cut off on its way; its request is not counted"
                : "\(reading.truncated) audit events were cut off on their way; their requests are not counted"
            messages.append(Message(text: "\(log.path): \(cut)", isProblem: false))
        }
        guard reading.holdsAuditEvents else {
            let text = "\(log.path): holds no audit event; \(description(of: log, reading, advice))"
            // Foreign files and archives in a directory are left out; events that cannot be read are a problem there too.
            let mayHoldEvents =
                reading.firstWrapped != nil || reading.beginning.firstRange(of: Array("audit.k8s.io".utf8)) != nil
            return messages + [Message(text: text, isProblem: !log.isFromDirectory || mayHoldEvents)]
        }
        if let first = reading.firstMalformed {
            let count = reading.malformedCount
            let which = count == 1 ? ":" : " that are not audit events; the first is"
            var text =
                "\(log.path): skipped \(count) of \(reading.lines) lines\(which) at byte \(first.offset): \(first.reason)"
                + (looks(first, in: log).map { ", it looks like \($0)" } ?? "")
            if let wrapped = reading.firstWrapped, let looks = looks(wrapped, in: log) {
                let place = wrapped == first ? "" : "the line at byte \(wrapped.offset) looks like \(looks), and "
                text +=
                    "; \(place)events in such lines are not counted: "
                    + advice.text(for: wrapped, isWrapped: true)
            }
            messages.append(Message(text: text, isProblem: reading.firstWrapped != nil))
        }
        return messages
    }

    /// What a record looks like; `nil` if it only looks like the format that the log has.
    private static func looks(_ malformed: MalformedEvent, in log: StoredLog) -> String? {
        if let format = malformed.format { return "the format \(format.rawValue)" }
        return log.format == .auto ? malformed.shape?.description : nil
    }

    private static func description(of log: StoredLog, _ reading: LogReading, _ advice: Advice) -> String {
        if let (_, name, command) = unsupportedFormat(reading) {
            let command = command.isEmpty ? "\(log.decompressor ?? "gzip") -dc" : command
            return "it is \(name); pipe its content in: \(command) \(advice.file) | \(advice.command)"
        }
        // Standard input cannot be read again, so that its first line must do.
        let text = log.firstBytes() ?? reading.beginning
        if let encoding = utf16(text) {
            return "it is text in UTF-16; convert it: iconv -f \(encoding) -t UTF-8 \(advice.file) | \(advice.command)"
        }
        if reading.foreign > 0, reading.firstMalformed == nil {
            let count = reading.foreign == 1 ? "its one record is" : "its \(reading.foreign) records are"
            return "\(count) of other sources; name the log stream, category or container of the API server's audit"
        }
        if log.format != .auto, let first = reading.firstMalformed, looks(first, in: log) == nil {
            return "it is read as \(log.format.rawValue), and the first fault is at byte \(first.offset): "
                + first.reason
        }
        let isArray = reading.beginning.first == UInt8(ascii: "[")
        let malformed = reading.firstWrapped ?? reading.firstMalformed
        if let malformed, let looks = looks(malformed, in: log) {
            return "it looks like \(looks); \(advice.text(for: malformed, isWrapped: reading.firstWrapped != nil))"
        }
        if isArray {
            return "it looks like \(RecordShape.array); \(advice.text(for: .array, isWrapped: false))"
        }
        let line = text.prefix { $0 != 10 && $0 != 13 }
        let shown = LogFormat.quoted(String(decoding: line, as: UTF8.self).shortened(to: 60))
        return "it begins with \(shown); name the file of the API server's --audit-log-path"
    }

    /// The encoding of a text as iconv names it, by its byte order mark or its first character; `nil` if it is not UTF-16.
    private static func utf16(_ text: [UInt8]) -> String? {
        switch (text.first, text.dropFirst().first) {
        case (0xFF, 0xFE), (0xFE, 0xFF): "UTF-16"
        case (UInt8(ascii: "{"), 0): "UTF-16LE"
        case (0, UInt8(ascii: "{")): "UTF-16BE"
        default: nil
        }
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
        // What is left after one decompression.
        ([0x1f, 0x8b], "compressed twice", ""),
        ([0x28, 0xb5, 0x2f, 0xfd], "compressed twice", ""),
    ]
}

/// How to convert a log.
private struct Advice {
    /// The log, in a shell command.
    let file: String
    /// Reads what was converted.
    let command: String
    /// The first line of the log, or a part of it.
    let beginning: [UInt8]

    func text(for malformed: MalformedEvent, isWrapped: Bool) -> String {
        if let format = malformed.format { return give(format) }
        return malformed.shape.map { text(for: $0, isWrapped: isWrapped) } ?? ""
    }

    private func give(_ format: AuditFormat) -> String {
        let flag = "--audit.format \(format.rawValue)"
        return file == "FILE" ? "give \(flag)" : "give \(format.rawValue):\(file), or \(flag) for all files"
    }

    /// - Parameters:
    ///   - shape: What its lines look like.
    ///   - isWrapped: Whether a line holds events in another form.
    func text(for shape: RecordShape, isWrapped: Bool) -> String {
        let (form, converter): (String, String)
        switch shape {
        // Nobody should take events out of their records by hand: commands do not see who wrote a record.
        case .containerLog: return give(.cri)
        case .dockerLog: return give(.docker)
        case .syslog, .prefixed:
            guard beginning.contains(UInt8(ascii: "{")) || beginning.count >= 512 else {
                return "it has no events as JSON; name the file of an API server with --audit-log-format=json"
            }
            return shape == .syslog ? give(.syslog) : "docs/envelopes.md has the formats that are read"
        case .shipper,
            .otherProgram where isWrapped:
            return "docs/envelopes.md has the formats that are read"
        case .array: (form, converter) = ("one event per line", "jq -c '.[]' \(file)")
        case .printed:
            let filter = beginning.first == UInt8(ascii: "[") ? "'.[]'" : "."
            (form, converter) = ("one event per line", "jq -c \(filter) \(file)")
        // A whole one is read.
        case .eventList: return "it is not valid JSON, or was cut off"
        case .otherProgram, .programLog: return "name the file of the API server's --audit-log-path"
        default: return "docs/envelopes.md has the formats that are read; or pass on bare events, one per line"
        }
        return "pass on \(form): \(converter) | \(command)"
    }
}
