import ServiceLifecycle

/// What is to be done now and then.
struct UpkeepService: Service {
    private static let interval: Duration = .seconds(1)
    /// Retention is at least an hour; to the minute is near enough.
    private static let roundsBetweenRetirements = 60

    let pipeline: Pipeline
    let certificates: ServedCertificates

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                await pipeline.refreshLocations()
                certificates.refresh()
                round += 1
                if round % Self.roundsBetweenRetirements == 0 { await pipeline.retireSilentSources() }
            }
        }
    }
}
