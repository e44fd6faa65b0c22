import AuditEvents
import AuditSources
import Logging
import Synchronization

/// Logs malformed and lost lines, and when a log becomes unreadable or readable again. A condition is logged once when it
/// begins and once when it ends.
final class ReadingLog: Sendable {
    /// A glob can match any number of logs.
    private static let noticeLimit = 1024

    /// A finding about an input that is logged once.
    private struct Notice: Hashable {
        let log: String
        let finding: String
    }

    private let logger: Logger
    /// A client can cause any number of malformed lines.
    private let lines: LimitedLog
    /// A glob can match any number of logs.
    private let starts: LimitedLog
    /// A glob, or a directory of rotated logs, can have any number of files.
    private let files: LimitedLog
    /// What was already logged once per input.
    private let notices = Mutex<Set<Notice>>([])
    /// The last noted state of each log.
    private let previous = Mutex<[String: LogState]>([:])
    /// The logs that were read to their end once.
    private let finished = Mutex<Set<String>>([])

    init(logger: Logger) {
        self.logger = logger
        lines = LimitedLog(logger, about: "malformed and oversized lines")
        starts = LimitedLog(logger, about: "logs that are followed", limit: 100)
        files = LimitedLog(logger, about: "files that cannot be read", limit: 100)
    }

    /// Reports the messages suppressed so far.
    func flush() {
        lines.flush()
        starts.flush()
        files.flush()
    }

    /// Logs the malformed and oversized lines of a batch and the losses before it, and once per input that its events are
    /// inexact, and what lines look like that are no events.
    func note(_ batch: InputBatch) {
        if batch.scanned.events.contains(where: { !$0.event.hasCompleteIdentity }) {
            noteOnce(
                "inexact", of: batch,
                "Audit events lack auditID or times to the microsecond; counting each of them as a request",
                metadata: ["hint": "read the API server's own log to count a request with two events once"])
        }
        if batch.scanned.truncated > 0 {
            noteOnce(
                "truncated", of: batch, "Audit events were cut off on their way; their requests are not counted",
                metadata: ["hint": "raise the limit of the shipper or the service; see docs/envelopes.md"])
        }
        if batch.scanned.foreign > 0 {
            noteOnce(
                "foreign", of: batch, "Records of other sources than the API server's audit are passed over", at: .info,
                metadata: ["metric": "kube_audit_foreign_records_total"])
        }
        for malformed in batch.scanned.malformed {
            if let format = malformed.format {
                noteOnce(
                    format.rawValue, of: batch, "Events in envelopes are counted as malformed",
                    metadata: ["looks_like": "\(format.rawValue)", "hint": "\(Self.hint(format, for: batch))"])
            } else if let shape = malformed.shape {
                noteOnce(
                    "\(shape)", of: batch, "Lines that are not bare audit events are not counted",
                    metadata: ["looks_like": "\(shape)", "hint": "\(shape.advice)"])
            }
        }
        // Those with a format have no fault but a missing flag, which was logged.
        for malformed in batch.scanned.malformed where malformed.format == nil {
            warn("Malformed audit event skipped", of: batch.path, at: malformed.offset, reason: malformed.reason)
        }
        // Only the first ones of a batch are described.
        lines.suppress(batch.scanned.malformedCount - batch.scanned.malformed.count)
        for offset in batch.oversizedLines {
            warn("Oversized line skipped", of: batch.path, at: offset, reason: "longer than 16 MiB")
        }
        for loss in batch.losses {
            logger.error(
                "Log lines were lost",
                metadata: [
                    "log": "\(loss.path)", "offset": "\(loss.offset)",
                    "bytes": loss.knownBytes > 0 ? "at least \(loss.knownBytes)" : "unknown number",
                    "reason": "\(loss.reason)",
                ])
        }
    }

    private static func hint(_ format: AuditFormat, for batch: InputBatch) -> String {
        "use --audit.log \(format.rawValue):\(log(of: batch)), or --audit.format \(format.rawValue) for all logs; "
            + "what was read before stays uncounted, so search it with scan"
    }

    /// Rotated files belong to the input of their log.
    private static func log(of batch: InputBatch) -> String { batch.positions.last?.path ?? batch.path }

    /// Logs a finding unless it was logged for the same input before.
    private func noteOnce(
        _ finding: String, of batch: InputBatch, _ message: Logger.Message, at level: Logger.Level = .warning,
        metadata: Logger.Metadata
    ) {
        let log = Self.log(of: batch)
        let isNew = notices.withLock { notices in
            notices.count < Self.noticeLimit && notices.insert(Notice(log: log, finding: finding)).inserted
        }
        guard isNew else { return }
        logger.log(level: level, message, metadata: metadata.merging(["log": "\(log)"]) { $1 })
    }

    private func warn(_ message: Logger.Message, of log: String, at offset: Int, reason: String) {
        lines.log(.warning, message, metadata: ["log": "\(log)", "offset": "\(offset)", "reason": "\(reason)"])
    }

    /// Logs where reading began, which logs have become unreadable or readable again, which were truncated, and when a
    /// log was read to its end for the first time.
    func note(_ states: [LogState]) {
        let changes = previous.withLock { previous in
            states.map { state in
                (now: state, before: previous.updateValue(state, forKey: state.log) ?? LogState(log: state.log))
            }
        }
        for (now, before) in changes {
            for start in now.starts.dropFirst(before.starts.count) { note(start) }
            if now.truncations > before.truncations {
                logger.info("Log was truncated; reading it from its start", metadata: ["log": "\(now.log)"])
            }
            noteProblem(of: now, before: before)
            noteFiles(
                now.notFollowed, before: before.notFollowed, besides: now.log, begin: "Matched file is not followed",
                end: "Matched file is followed, or was removed")
            noteFiles(
                now.unreadRotated, before: before.unreadRotated,
                begin: "Rotated log cannot be read; it is read when that is mended",
                end: "Rotated log is read, or was removed")
            for (path, formats) in now.ambiguousFormats where before.ambiguousFormats[path] == nil {
                let names = formats.map(\.rawValue)
                files.log(
                    .warning, "Log is named with several formats; reading it in the first one",
                    metadata: ["log": "\(path)", "formats": "\(names.joined(separator: ","))"])
            }
            noteEnd(of: now)
        }
    }

    private func note(_ start: LogStart) {
        let place =
            switch start.place {
            case .start(.beginning): "its beginning"
            case .start(.end): "its end"
            case .start(.recent(let seconds)):
                "its beginning; requests older than \(PrometheusDuration.text(seconds)) are not counted"
            case .resumed(let offset): "byte \(offset), up to which it was read before"
            }
        starts.log(.info, "Following log", metadata: ["log": "\(start.path)", "from": "\(place)"])
    }

    private func noteProblem(of now: LogState, before: LogState) {
        guard now.problem != before.problem else { return }
        if let problem = now.problem, now.log == "-" {
            logger.warning(
                "Standard input is not read any more; restart the exporter together with the program that writes to it",
                metadata: ["log": "-", "reason": "\(problem)"])
        } else if let problem = now.problem {
            logger.warning(
                "Log cannot be read; trying again at least once a second",
                metadata: ["log": "\(now.log)", "reason": "\(problem)"])
        } else {
            logger.info("Log can be read again", metadata: ["log": "\(now.log)"])
        }
    }

    /// Logs which files cannot be read, and which of them can be again.
    ///
    /// - Parameter log: A path whose problem is logged already.
    private func noteFiles(
        _ now: [String: String], before: [String: String], besides log: String? = nil, begin: Logger.Message,
        end: Logger.Message
    ) {
        guard now != before else { return }
        for (path, reason) in now.sorted(by: { $0.key < $1.key }) where path != log && before[path] != reason {
            files.log(.warning, begin, metadata: ["log": "\(path)", "reason": "\(reason)"])
        }
        for path in before.keys.sorted() where path != log && now[path] == nil {
            files.log(.info, end, metadata: ["log": "\(path)"])
        }
    }

    private func noteEnd(of now: LogState) {
        // Standard input ends, and nobody knows how much is still to come.
        guard now.log != "-", now.problem == nil, !now.starts.isEmpty, now.unreadBytes == 0 else { return }
        guard finished.withLock({ $0.insert(now.log).inserted }) else { return }
        logger.info(
            "Log was read to its end; new lines are read as they are written",
            metadata: ["log": "\(now.log)", "lines": "\(now.lines)", "matching_events": "\(now.events)"])
    }
}
