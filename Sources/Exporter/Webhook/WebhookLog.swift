import Logging
import Synchronization

/// Logs the webhook requests that were refused, at a bounded rate: a client must not be able to fill the disk.
final class WebhookLog: Sendable {
    private static let linesPerMinute = 10

    private let logger: Logger
    private let rate = Mutex(LogRate(limit: linesPerMinute))

    init(logger: Logger) {
        self.logger = logger
    }

    /// A body that is not an EventList, or that was not read.
    func note(refused reason: String) {
        warn("Webhook body refused; its events are lost unless the API server also writes a log", reason: reason)
    }

    /// A batch that could not be committed.
    func note(unavailable reason: String) {
        warn("Webhook batch not committed; the API server sends it again", reason: reason)
    }

    private func warn(_ message: Logger.Message, reason: String) {
        let (isAdmitted, suppressed) = rate.withLock { $0.admit() }
        guard isAdmitted else { return }
        var metadata: Logger.Metadata = ["reason": "\(reason)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(message, metadata: metadata)
    }
}
