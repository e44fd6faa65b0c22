import ServiceLifecycle

/// Writes what is left when the exporter stops, once nothing more comes in.
struct PipelineService: Service {
    let pipeline: Pipeline

    func run() async throws {
        try? await gracefulShutdown()
        guard await pipeline.finish() else { throw StateNotWritten() }
    }
}

/// What was counted last is not on disk, but will be counted again.
struct StateNotWritten: Error, CustomStringConvertible {
    var description: String {
        "the state could not be written at the end; the next start goes on from what was written before"
    }
}
