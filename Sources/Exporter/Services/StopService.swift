import Dispatch
import Glibc
import Logging
import ServiceLifecycle

/// Sees to it that the exporter, once told to stop, does so soon.
struct StopService: Service {
    /// After so long it is gone, also where a disk hangs.
    private static let patience: DispatchTimeInterval = .seconds(5)

    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        logger.info("Stopping")
        // Whoever asks a second time does not want to wait.
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) {
            logger.error("State could not be written in time; the next start goes on from what was written before")
            _exit(1)
        }
    }
}
