import AuditSources

/// Hands webhook batches to the pipeline, once it may take any.
struct PipelineSink: WebhookSink {
    private let pipeline: Pipeline
    private let begin: ContinuousClock.Instant

    init(pipeline: Pipeline, holdback: Holdback) {
        self.pipeline = pipeline
        begin = .now + holdback.duration
    }

    func take(_ batch: SourceBatch) async -> Commitment {
        guard .now >= begin else {
            return .unavailable(reason: "the exporter was away for long, and takes nothing for a minute")
        }
        return await pipeline.commit(batch)
    }
}
