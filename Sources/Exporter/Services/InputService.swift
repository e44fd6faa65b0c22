import AuditSources
import ServiceLifecycle

/// Runs an input until the exporter stops. If an input ends earlier, the exporter keeps running, since its counts are
/// still scraped.
struct InputService: Service {
    let input: any AuditInput
    let holdback: Holdback
    /// Takes the batches of the input.
    let deliver: BatchHandler

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await holdback.wait()
            guard !Task.isCancelled else { return }
            try await input.run(deliver)
        }
        try? await gracefulShutdown()
    }
}
