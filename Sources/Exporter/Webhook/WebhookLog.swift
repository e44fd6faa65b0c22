import AuditEvents
import Logging
import Synchronization

/// Says in the exporter's log which webhook bodies were refused; who can send them must not be able to fill the disk.
final class WebhookLog: Sendable {
    private static let linesPerMinute = 10

    private let logger: Logger
    private let rate = Mutex(LogRate(limit: linesPerMinute))

    init(logger: Logger) {
        self.logger = logger
    }

    /// A body that is no EventList.
    func note(_ malformed: MalformedEvent) {
        warn("Webhook body is no EventList", reason: malformed.reason)
    }

    /// A batch that could not be committed.
    func note(unavailable reason: String) {
        warn("Webhook batch not taken; the API server sends it again", reason: reason)
    }

    private func warn(_ message: Logger.Message, reason: String) {
        let (isAdmitted, suppressed) = rate.withLock { $0.admit() }
        guard isAdmitted else { return }
        var metadata: Logger.Metadata = ["reason": "\(reason)"]
        if suppressed > 0 { metadata["suppressed"] = "\(suppressed)" }
        logger.warning(message, metadata: metadata)
    }
}
