import ArgumentParser
import Foundation
import Glibc
import LocalStack
import TortureKit
import UnixSignals

/// Sends requests from a million addresses, and prints figures about the one source that matters.
@main
struct FloodCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flood",
        abstract: "Floods the exporter with addresses, and compares its metrics with the truth.",
        discussion: "The status is 0 if all requests of the real source were counted, the sum is exact, and memory "
            + "and the series that were created stayed within their limits. A Prometheus scrapes the exporter "
            + "meanwhile; its figures are printed.")

    @Option(help: "Number of verified addresses, and of claimed ones.")
    var addresses = 1_000_000

    @Option(help: "Number of requests of the real source.")
    var requests = 50

    @Option(help: "Number of kills meanwhile.")
    var kills = 0

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let directory = FileManager.default.temporaryDirectory.appending(path: "kube-audit-flood-\(getpid())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let line = ProgressLine()
        let options = FloodOptions(
            addresses: addresses, requests: requests, kills: kills, exporter: try Program.exporter.locate())
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let flood = Task { try await Flood(options, in: directory).run { line.show($0) } }
        let interruption = Task {
            for await _ in signals { flood.cancel() }
        }
        defer { interruption.cancel() }
        do {
            let report = try await flood.value
            for fault in report.faults { line.say(fault) }
            line.say(report.line)
            guard report.faults.isEmpty else { throw ExitCode.failure }
        } catch is CancellationError {
            line.say("Stopped.")
            throw ExitCode(130)
        }
    }
}
