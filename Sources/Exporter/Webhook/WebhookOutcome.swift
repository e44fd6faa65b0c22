/// What became of a webhook's batch.
enum WebhookOutcome: Sendable, Hashable {
    /// It is counted, and stays so.
    case committed
    /// It could not be counted; the API server is to send it again.
    case unavailable(reason: String)
}
