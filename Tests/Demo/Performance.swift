import Foundation
import LocalStack

/// One run of the demo: starts all programs, replays the log, prints events, and prints a summary.
struct Performance {
    let console: Console
    /// Duration of the scans. The log of the API server's start before them is written at once.
    let replay: Duration
    let clock = Stopwatch()

    /// Deadline of the first alert for scanning.
    var patience: Duration { .seconds(40) + replay }

    /// Runs until it is cancelled or something fails, and removes all files.
    ///
    /// - Returns: Whether an alert for scanning arrived.
    func run() async -> Bool {
        console.say("Starting Alertmanager, the exporter and Prometheus ...")
        do {
            let hasShown = try await LocalStack.run { stack in
                console.say(try await Introduction(stack, stack.pages()).text)
                let tally = Tally()
                let problem = await perform(on: stack, tally)
                console.clearStatus()
                if let problem { throw problem }
                console.say(Summary(tally).text)
                return tally.firstAlert != nil
            }
            console.say("All programs are stopped, and the directory is removed.")
            return hasShown
        } catch is CancellationError {
            console.say("Stopped before there was anything to show.")
        } catch {
            console.say("\(console.bold("The demo failed:")) \(error)")
        }
        return false
    }

    /// Runs all parts concurrently until it is cancelled.
    ///
    /// - Returns: The failure.
    private func perform(on stack: LocalStack, _ tally: Tally) async -> (any Error)? {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await replay(into: stack, tally) }
                group.addTask { await announce(stack.receiver.arrivals, tally) }
                group.addTask { try await watch(stack, tally) }
                // The first failure cancels the others.
                while try await group.next() != nil {}
            }
            return nil
        } catch {
            return Task.isCancelled ? nil : error
        }
    }

    private func replay(into stack: LocalStack, _ tally: Tally) async throws {
        console.show(status: "Waiting for Prometheus' first scrape (it takes 5 seconds to find its targets) ...")
        try await stack.untilScraped()
        let lines = try RecordedLog.lines(endingAt: .now) + RecordedLog.otherOutcomes(endingAt: .now)
        try stack.log.append(lines[..<RecordedLog.startUp].joined())
        tally.wrote(lines: RecordedLog.startUp)
        let pause = replay / (lines.count - RecordedLog.startUp)
        for line in lines[RecordedLog.startUp...] {
            try await Task.sleep(for: pause)
            try stack.log.append(line)
            tally.wrote(lines: 1)
        }
    }

    private func announce(_ arrivals: AsyncStream<DeliveredAlert>, _ tally: Tally) async {
        for await alert in arrivals {
            let time = clock.elapsed
            tally.received(alert, at: time)
            console.say(AlertText(alert, at: time, console: console).text)
        }
    }

    /// Shows the progress, and throws if the demo cannot continue.
    private func watch(_ stack: LocalStack, _ tally: Tally) async throws {
        let requests = #"sum(kube_audit_unauthenticated_forbidden_requests_total{origin="verified"})"#
        while true {
            try await Task.sleep(for: console.isTerminal ? .milliseconds(500) : .seconds(2))
            if let ended = stack.programs.first(where: { $0.exit != nil }) {
                throw stack.failure("\(ended.name) exited")
            }
            if console.isClosed { throw CancellationError() }
            if tally.firstAlert == nil, clock.elapsed > patience {
                throw stack.failure("no alert for scanning arrived within \(patience)")
            }
            if let count = try? await stack.api.value(requests) { tally.counted(requests: Int(count)) }
            if tally.lines > 0 { console.show(status: tally.status) }
        }
    }
}
