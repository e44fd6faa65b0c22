import Dispatch
import Logging
import Synchronization

/// Logs messages of one kind at a bounded rate: clients cause entries in the audit log, and must not be able to fill the
/// disk with messages about them.
///
/// When the minute is over, one line gives the number of messages that were suppressed in it.
final class LimitedLog: Sendable {
    /// Runs work after a time.
    typealias Delay = @Sendable (Duration, @escaping @Sendable () -> Void) -> Void

    static let linesPerMinute = 10

    private let logger: Logger
    private let subject: String
    private let limit: Int
    private let now: @Sendable () -> ContinuousClock.Instant
    private let delay: Delay
    private let rate: Mutex<LogRate>

    /// - Parameters:
    ///   - logger: Takes the messages.
    ///   - subject: The kind of messages, as the line about suppressed ones names it.
    ///   - limit: Maximum number of messages per minute.
    ///   - now: Measures the minute.
    ///   - delay: Runs the end of the minute.
    init(
        _ logger: Logger, about subject: String, limit: Int = linesPerMinute,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }, after delay: @escaping Delay = afterDelay
    ) {
        self.logger = logger
        self.subject = subject
        self.limit = limit
        self.now = now
        self.delay = delay
        rate = Mutex(LogRate(limit: limit))
    }

    /// Logs a message, or suppresses it.
    func log(_ level: Logger.Level, _ message: Logger.Message, metadata: Logger.Metadata? = nil) {
        let (decision, overdue) = rate.withLock { rate in
            // Those of an earlier minute, if its end has not run yet.
            let overdue = rate.takeSuppressed(endedBefore: now())
            return (rate.admit(at: now()), overdue)
        }
        report(overdue)
        switch decision {
        case .write: logger.log(level: level, message, metadata: metadata)
        case .suppress: break
        case .suppressFirst(let remaining):
            delay(remaining) { [weak self] in self?.endMinute() }
        }
    }

    /// Notes messages that are not written, of which at least one was logged in this minute.
    func suppress(_ count: Int) {
        guard count > 0 else { return }
        guard let remaining = rate.withLock({ $0.suppress(count, at: now()) }) else { return }
        delay(remaining) { [weak self] in self?.endMinute() }
    }

    /// Reports the messages suppressed so far, for instance when the exporter stops.
    func flush() {
        report(rate.withLock { $0.takeSuppressed() })
    }

    private func endMinute() {
        report(rate.withLock { $0.takeSuppressed(endedBefore: now()) })
    }

    private func report(_ count: Int) {
        guard count > 0 else { return }
        logger.warning(
            "Messages were suppressed",
            metadata: ["about": "\(subject)", "count": "\(count)", "limit": "\(limit) per minute"])
    }

    static let afterDelay: Delay = { time, work in
        let (seconds, attoseconds) = time.components
        let nanoseconds = Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        // A millisecond more, so that the minute is over.
        DispatchQueue.global().asyncAfter(
            deadline: .now() + .nanoseconds(nanoseconds) + .milliseconds(1), execute: work)
    }
}

/// Limits the messages of one kind per minute, and counts the others. A value: times are passed in.
struct LogRate {
    static let window: Duration = .seconds(60)

    /// What is done with a message.
    enum Decision: Hashable {
        case write
        case suppress
        /// It is the first one in this minute; the time is what remains of the minute.
        case suppressFirst(remaining: Duration)
    }

    private let limit: Int
    private var windowStart: ContinuousClock.Instant?
    private var count = 0
    private var suppressed = 0

    /// - Parameter limit: Maximum number of messages per minute.
    init(limit: Int) {
        self.limit = limit
    }

    /// Decides about a message.
    mutating func admit(at now: ContinuousClock.Instant = .now) -> Decision {
        let start: ContinuousClock.Instant
        if let windowStart, now - windowStart < Self.window {
            start = windowStart
        } else {
            start = now
            windowStart = now
            count = 0
        }
        guard count < limit else {
            suppressed += 1
            return suppressed == 1 ? .suppressFirst(remaining: start + Self.window - now) : .suppress
        }
        count += 1
        return .write
    }

    /// Adds to the messages that are suppressed in this minute.
    ///
    /// - Returns: What remains of the minute, if these are the first ones.
    mutating func suppress(_ count: Int, at now: ContinuousClock.Instant = .now) -> Duration? {
        defer { suppressed += count }
        return suppressed == 0 ? (windowStart ?? now) + Self.window - now : nil
    }

    /// The number of messages suppressed since the last call; each is returned once.
    ///
    /// - Parameter now: If it is given, only those of a minute that is over at this time.
    mutating func takeSuppressed(endedBefore now: ContinuousClock.Instant? = nil) -> Int {
        if let now, let windowStart, now - windowStart < Self.window { return 0 }
        defer { suppressed = 0 }
        return suppressed
    }
}
