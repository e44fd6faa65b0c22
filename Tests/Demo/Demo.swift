import Foundation
import Glibc
import UnixSignals

/// Demonstrates the path from a line in an audit log to an alert in Alertmanager on one machine.
///
/// Runs until Ctrl-C (or SIGTERM, or a closed terminal), or for `DEMO_SECONDS`. `DEMO_REPLAY_SECONDS` sets the duration
/// of the scans, 20 by default. The exit status is 0 if an alert arrived.
@main
struct Demo {
    static func main() async {
        // A closed pipe is detected on write.
        signal(SIGPIPE, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let console = Console()
        let settings: Settings
        do {
            settings = try Settings(environment: ProcessInfo.processInfo.environment)
        } catch {
            console.say("\(error)")
            exit(2)
        }

        let hasShown = await withTaskGroup(of: Bool?.self) { group in
            group.addTask { await Performance(console: console, replay: settings.replay).run() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            if let duration = settings.duration {
                group.addTask {
                    try? await Task.sleep(for: duration)
                    return nil
                }
            }
            // The first one to end cancels the others.
            var hasShown = false
            for await outcome in group {
                group.cancelAll()
                hasShown = outcome ?? hasShown
            }
            return hasShown
        }
        exit(hasShown ? 0 : 1)
    }
}
