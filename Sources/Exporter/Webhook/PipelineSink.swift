import AuditSources

/// Hands webhook batches to the pipeline, once it may take any.
struct PipelineSink: WebhookSink {
    private let pipeline: Pipeline
    private let readingLog: ReadingLog
    private let begin: ContinuousClock.Instant

    init(pipeline: Pipeline, readingLog: ReadingLog, holdback: Holdback) {
        self.pipeline = pipeline
        self.readingLog = readingLog
        begin = .now + holdback.duration
    }

    func take(_ batch: InputBatch) async -> Acknowledgement {
        guard .now >= begin else {
            return .unavailable(reason: "the exporter was away for long, and takes nothing for a minute")
        }
        readingLog.note(batch)
        return await pipeline.commit(batch)
    }
}
