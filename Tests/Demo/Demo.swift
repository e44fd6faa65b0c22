import Foundation
import Glibc
import UnixSignals

/// Shows the whole way on this machine, from a line in an audit log to an alert in Alertmanager.
///
/// It runs until Ctrl-C (or SIGTERM, or the terminal is closed), or for `DEMO_SECONDS`. The exit status is 0 if an
/// alert arrived.
@main
struct Demo {
    static func main() async {
        // A closed pipe is noticed where it is written to.
        signal(SIGPIPE, SIG_IGN)
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let console = Console()
        let limit = ProcessInfo.processInfo.environment["DEMO_SECONDS"]
        guard limit == nil || limit.flatMap(Double.init).map({ $0 > 0 }) == true else {
            console.say("DEMO_SECONDS must be a number of seconds, not \"\(limit ?? "")\".")
            exit(2)
        }

        let hasShown = await withTaskGroup(of: Bool?.self) { group in
            group.addTask { await Performance(console: console).run() }
            group.addTask {
                for await _ in signals { break }
                return nil
            }
            if let seconds = limit.flatMap(Double.init) {
                group.addTask {
                    try? await Task.sleep(for: .seconds(seconds))
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
