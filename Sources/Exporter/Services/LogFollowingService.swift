import AccessScanning
import AuditSources
import ServiceLifecycle

/// Follows the logs.
struct LogFollowingService: Service {
    let logs: [LogPattern]
    let start: StartingPoint
    let pipeline: Pipeline

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await FollowedLogs().run(
                LogFollower(logs, from: start, selecting: .unauthenticatedForbidden)
            ) { states in
                await pipeline.report(states)
            } deliver: { batch in
                await pipeline.apply(batch)
            }
        }
    }
}
