import AuditSources
import ServiceLifecycle

/// Runs an input until the exporter stops. The exporter goes on where an input ends: its counts are still scraped.
struct InputService: Service {
    let input: any AuditInput
    let holdback: Holdback
    /// Takes what the input delivers.
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
