import AuditSources

/// Takes what a webhook's request brought.
protocol WebhookSink: Sendable {
    /// Returns once the batch is committed, or cannot be.
    func take(_ batch: InputBatch) async -> Acknowledgement
}
