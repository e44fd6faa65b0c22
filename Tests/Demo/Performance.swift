import Foundation
import LocalStack

/// One run of the demo: starts all, replays the log, prints what happens, and sums up.
struct Performance {
    let console: Console
    let clock = Stopwatch()

    /// The first alert for scanning must have come by then.
    static let patience = Duration.seconds(60)

    /// Runs until it is cancelled or something fails, and leaves nothing behind.
    ///
    /// - Returns: Whether an alert for scanning arrived.
    func run() async -> Bool {
        console.say("Starting Alertmanager, the exporter and Prometheus ...")
        do {
            let hasShown = try await LocalStack.run { stack in
                introduce(stack)
                let tally = Tally()
                let problem = await perform(on: stack, tally)
                console.clearStatus()
                if let problem { throw problem }
                console.say(Summary(tally).text)
                return tally.firstAlert != nil
            }
            console.say("All is stopped, and the directory removed.")
            return hasShown
        } catch is CancellationError {
            console.say("Stopped before anything could be shown.")
        } catch {
            console.say("\(console.bold("The demo failed:")) \(error)")
        }
        return false
    }

    private func introduce(_ stack: LocalStack) {
        console.say(
            """

              exporter      \(stack.exporter.url)/metrics
              Prometheus    \(stack.prometheus.url)/alerts
              Alertmanager  \(stack.alertmanager.url)/#/alerts
              audit log     \(stack.log.url.path)

            A log of a real API server is written there, line by line: it starts, then clients scan it. Stop with Ctrl-C.

            """)
    }

    /// Does all at once until it is cancelled.
    ///
    /// - Returns: What failed.
    private func perform(on stack: LocalStack, _ tally: Tally) async -> (any Error)? {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await replay(into: stack, tally) }
                group.addTask { await announce(stack.receiver.arrivals, tally) }
                group.addTask { try await watch(stack, tally) }
                // The first that fails ends the others.
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
        let lines = try RecordedLog.lines()
        try stack.log.append(lines[..<RecordedLog.startUp].joined())
        tally.wrote(lines: RecordedLog.startUp)
        let pause = Duration.seconds(20) / (lines.count - RecordedLog.startUp)
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

    /// Shows how far it is, and throws when it cannot go on.
    private func watch(_ stack: LocalStack, _ tally: Tally) async throws {
        let requests = #"sum(kube_audit_unauthenticated_forbidden_requests_total{origin="verified"})"#
        while true {
            try await Task.sleep(for: console.isTerminal ? .milliseconds(500) : .seconds(2))
            if let ended = stack.programs.first(where: { $0.exit != nil }) {
                throw stack.failure("\(ended.name) has ended")
            }
            if console.isClosed { throw CancellationError() }
            if tally.firstAlert == nil, clock.elapsed > Self.patience {
                throw stack.failure("no alert for scanning arrived within \(Self.patience)")
            }
            if let count = try? await stack.api.value(requests) { tally.counted(requests: Int(count)) }
            if tally.lines > 0 { console.show(status: tally.status) }
        }
    }
}
