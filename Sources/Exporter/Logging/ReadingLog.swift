import AuditEvents
import AuditSources
import Logging
import Synchronization

/// Logs malformed and lost lines, and when a log becomes unreadable or readable again. A condition is logged once when it
/// begins and once when it ends.
final class ReadingLog: Sendable {
    /// A client can cause any number of malformed lines.
    private static let linesPerMinute = 10

    private let logger: Logger
    private let rate = Mutex(LogRate(limit: linesPerMinute))
    /// The last noted state of each log.
    private let previous = Mutex<[String: LogState]>([:])

    init(logger: Logger) {
        self.logger = logger
    }

    /// Logs the malformed and oversized lines of a batch, and the losses before it.
    func note(_ batch: InputBatch) {
        for malformed in batch.scanned.malformed {
            warn("Malformed audit event skipped", of: batch.path, at: malformed.offset, reason: malformed.reason)
        }
        for offset in batch.oversizedLines {
            warn("Oversized line skipped", of: batch.path, at: offset, reason: "longer than 16 MiB")
        }
        for loss in batch.losses {
            logger.error(
                "Log lines were lost",
                metadata: [
                    "log": "\(loss.path)", "offset": "\(loss.offset)", "bytes": "at least \(loss.knownBytes)",
                    "reason": "\(loss.reason)",
                ])
        }
    }

    private func warn(_ message: Logger.Message, of log: String, at offset: Int, reason: String) {
        let (isAdmitted, suppressed) = rate.withLock { $0.admit() }
        guard isAdmitted else { return }
        var metadata: Logger.Metadata = ["log": "\(log)", "offset": "\(offset)", "reason": "\(reason)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(message, metadata: metadata)
    }

    /// Logs which logs have become unreadable or readable again, and which were truncated.
    func note(_ states: [LogState]) {
        let changes = previous.withLock { previous in
            states.map { state in
                (now: state, before: previous.updateValue(state, forKey: state.log) ?? LogState(log: state.log))
            }
        }
        for (now, before) in changes {
            if now.truncations > before.truncations {
                logger.info("Log was truncated; reading it from its start", metadata: ["log": "\(now.log)"])
            }
            guard now.problem != before.problem else { continue }
            if let problem = now.problem {
                logger.warning("Log cannot be read", metadata: ["log": "\(now.log)", "reason": "\(problem)"])
            } else {
                logger.info("Log can be read again", metadata: ["log": "\(now.log)"])
            }
        }
    }
}

/// Limits the lines of one kind per minute, and counts the others.
///
/// Clients cause entries in the audit log; they must not be able to fill the disk with messages about them.
struct LogRate {
    private static let window: Duration = .seconds(60)

    private let limit: Int
    private var windowStart: ContinuousClock.Instant?
    private var count = 0
    private var suppressed = 0

    /// - Parameter limit: Maximum number of lines per minute.
    init(limit: Int) {
        self.limit = limit
    }

    /// Requests a line.
    ///
    /// - Returns: Whether it may be written; if so, the number of lines suppressed since the last one.
    mutating func admit(at now: ContinuousClock.Instant = .now) -> (isAdmitted: Bool, suppressed: Int) {
        if windowStart.map({ now - $0 >= Self.window }) ?? true {
            windowStart = now
            count = 0
        }
        count += 1
        guard count <= limit else {
            suppressed += 1
            return (false, 0)
        }
        defer { suppressed = 0 }
        return (true, suppressed)
    }
}
