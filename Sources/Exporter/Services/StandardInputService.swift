import AccessScanning
import AuditSources
import ServiceLifecycle

/// Reads standard input. The exporter goes on when it ends: what was counted is still to be scraped.
struct StandardInputService: Service {
    let holdback: Holdback
    let pipeline: Pipeline
    let readingLog: ReadingLog

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await holdback.wait()
            guard !Task.isCancelled else { return }
            report(problem: nil)
            try await StandardInput(selecting: .unauthenticatedForbidden).run { batch in
                readingLog.note(batch)
                return await pipeline.apply(batch)
            }
        }
        guard !Task.isShuttingDownGracefully else { return }
        report(problem: "it has ended")
        try? await gracefulShutdown()
    }

    private func report(problem: String?) {
        let states = [LogState(log: "-", problem: problem)]
        readingLog.note(states)
        pipeline.status.report(states)
    }
}
