import Foundation
import Glibc
import UnixSignals

/// Shows the whole way on this machine, from a line in an audit log to an alert in Alertmanager.
///
/// It runs until Ctrl-C (or SIGTERM, or the terminal is closed), or for `DEMO_SECONDS`. `DEMO_REPLAY_SECONDS` draws the
/// scans out, which take 20 otherwise. The exit status is 0 if an alert arrived.
@main
struct Demo {
    static func main() async {
        // A closed pipe is noticed where it is written to.
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
            // Whichever ends first ends the others.
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
