import ServiceLifecycle
import UnixSignals

/// Reads again, at SIGHUP, the files that flags name.
struct ReloadService: Service {
    let reload: Reload

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in await UnixSignalsSequence(trapping: .sighup) { await reload() }
        }
    }
}
