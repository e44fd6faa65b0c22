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
                    // Not waited for, so that a stop need not wait for a reload.
                    for await _ in await UnixSignalsSequence(trapping: .sighup) { Task { await files.reload() } }
                }
            }
        }
    }
}
