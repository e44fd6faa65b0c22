import ServiceLifecycle

/// Writes the remaining changes when the exporter stops. It is stopped after all inputs.
struct PipelineService: Service {
    let pipeline: Pipeline

    func run() async throws {
        try? await gracefulShutdown()
        guard await pipeline.finish() else { throw StateNotWritten() }
    }
}

/// The latest counts are not on disk. The next start reads their events again.
struct StateNotWritten: Error, CustomStringConvertible {
    var description: String {
        "the state could not be written while stopping; the next start continues from the last written state"
    }
}
