import ServiceLifecycle

/// What is to be done now and then.
struct UpkeepService: Service {
    // A configuration file that changed is read at the second look, and shall be in force within a second.
    private static let interval: Duration = .milliseconds(500)
    private static let roundsInASecond = 2
    /// To the minute is near enough for what counts in hours.
    private static let roundsInAMinute = 120

    let pipeline: Pipeline
    let files: ReloadedFiles
    let certificates: ServedCertificates

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var round = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                if certificates.refresh() {
                    await files.noteServers(areCurrent: certificates.areConfiguredAsWritten)
                }
                round += 1
                guard round % Self.roundsInASecond == 0 else { continue }
                await files.refreshLocations()
                await files.refreshFilter()
                guard round % Self.roundsInAMinute == 0 else { continue }
                await pipeline.keepHouse()
            }
        }
    }
}
