import ServiceLifecycle

/// Retires silent sources and writes the time, once a minute.
struct UpkeepService: Service {
    // Retention is at least an hour, so a minute is precise enough.
    private static let interval: Duration = .seconds(60)

    let pipeline: Pipeline

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                await pipeline.performUpkeep()
            }
        }
    }
}
