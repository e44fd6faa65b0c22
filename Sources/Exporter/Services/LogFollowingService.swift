import AccessScanning
import AuditSources
import ServiceLifecycle

/// Follows the logs.
struct LogFollowingService: Service {
    let logs: [LogPattern]
    let start: StartingPoint
    let known: KnownPositions
    let holdback: Holdback
    let pipeline: Pipeline
    let readingLog: ReadingLog

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await holdback.wait()
            guard !Task.isCancelled else { return }
            try await FollowedLogs().run(
                LogFollower(logs, from: start, selecting: .unauthenticatedForbidden, restoring: known)
            ) { states in
                readingLog.note(states)
                pipeline.status.report(states)
            } deliver: { batch in
                readingLog.note(batch)
                return await pipeline.apply(batch)
            }
        }
    }
}
