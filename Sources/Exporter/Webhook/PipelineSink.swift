import AuditSources

/// Hands webhook batches to the pipeline.
struct PipelineSink: WebhookSink {
    let pipeline: Pipeline

    func take(_ batch: SourceBatch) async -> WebhookOutcome {
        await pipeline.applyAndWait(batch)
        return .committed
    }
}
