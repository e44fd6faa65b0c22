import Dispatch
import Glibc
import Logging
import ServiceLifecycle

/// Ends the process 5 seconds after a stop was requested, even if something hangs.
struct StopService: Service {
    /// Maximum time to stop, for example when a disk hangs.
    private static let patience: DispatchTimeInterval = .seconds(5)

    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        logger.info("Stopping")
        // A second signal ends the process at once.
        signal(SIGTERM, SIG_DFL)
        signal(SIGINT, SIG_DFL)
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.patience) {
            logger.error(
                "Stopping took too long and is cut short; the next start continues from the last written state")
            LineWriter.standardError.flush(within: .milliseconds(500))
            _exit(1)
        }
    }
}
