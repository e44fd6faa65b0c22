import AccessScanning
import AuditSources
import ServiceLifecycle

/// Reads standard input. The exporter goes on when it ends: what was counted is still to be scraped.
struct StandardInputService: Service {
    let holdback: Holdback
    let pipeline: Pipeline

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await holdback.wait()
            guard !Task.isCancelled else { return }
            await pipeline.report([LogState(log: "-")])
            try await StandardInput(selecting: .unauthenticatedForbidden).run { batch in
                await pipeline.apply(batch)
            }
        }
        guard !Task.isShuttingDownGracefully else { return }
        await pipeline.report([LogState(log: "-", problem: "it has ended")])
        try? await gracefulShutdown()
    }
}
