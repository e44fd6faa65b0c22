import ServiceLifecycle

/// What is to be done now and then.
struct UpkeepService: Service {
    private static let interval: Duration = .seconds(1)
    /// To the minute is near enough for what counts in hours.
    private static let roundsInAMinute = 60

    let pipeline: Pipeline
    let certificates: ServedCertificates

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                await pipeline.refreshLocations()
                await pipeline.refreshFilter()
                certificates.refresh()
                round += 1
                guard round % Self.roundsInAMinute == 0 else { continue }
                await pipeline.retireSilentSources()
                await pipeline.writeTime()
            }
        }
    }
}
