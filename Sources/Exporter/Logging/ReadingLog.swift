import AuditEvents
import AuditSources
import Logging

/// Says in the exporter's log what is wrong with what was read, and how the logs fare: once when something begins and
/// once when it ends.
struct ReadingLog {
    /// A scanner can make as many odd lines as it likes.
    private static let linesPerMinute = 10

    private let logger: Logger
    private var rate = LogRate(limit: linesPerMinute)
    private var problems: [String: String] = [:]

    init(logger: Logger) {
        self.logger = logger
    }

    /// Says which lines of a batch are malformed or too long, and what was lost before it.
    mutating func note(_ batch: SourceBatch) {
        for malformed in batch.scanned.malformed {
            warn("Malformed audit event", of: batch.path, at: malformed.offset, reason: malformed.reason)
        }
        for offset in batch.oversizedLines {
            warn("Line skipped", of: batch.path, at: offset, reason: "longer than 16 MiB")
        }
        for loss in batch.losses {
            logger.error(
                "Lines of a log are lost",
                metadata: [
                    "log": "\(loss.path)", "offset": "\(loss.offset)", "bytes": "\(loss.knownBytes) at least",
                    "reason": "\(loss.reason)",
                ])
        }
    }

    private mutating func warn(_ message: Logger.Message, of log: String, at offset: Int, reason: String) {
        let (isAdmitted, suppressed) = rate.admit()
        guard isAdmitted else { return }
        var metadata: Logger.Metadata = ["log": "\(log)", "offset": "\(offset)", "reason": "\(reason)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(message, metadata: metadata)
    }

    /// Says which logs cannot be read any more, and which can again.
    mutating func note(_ states: [LogState]) {
        for state in states where problems[state.log] != state.problem {
            if let problem = state.problem {
                logger.warning("Log cannot be read", metadata: ["log": "\(state.log)", "reason": "\(problem)"])
            } else {
                logger.info("Log can be read again", metadata: ["log": "\(state.log)"])
            }
            problems[state.log] = state.problem
        }
    }
}
