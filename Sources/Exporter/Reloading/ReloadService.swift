import ServiceLifecycle
import UnixSignals

/// Reads the files that flags name again: when they change, and on SIGHUP.
struct ReloadService: Service {
    let files: ReloadableFiles

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await files.watch() }
                group.addTask {
                    for await _ in await UnixSignalsSequence(trapping: .sighup) { _ = await files.reload() }
                }
            }
        }
    }
}
