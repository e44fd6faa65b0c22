import ArgumentParser
import Foundation
import Glibc
import LocalStack
import TortureKit

/// What `make torture` runs.
@main
struct TortureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture",
        abstract: "Tortures the exporter, and compares its counts with the truth.",
        subcommands: [KillsCommand.self, SchedulesCommand.self])
}

/// Kills the exporter repeatedly, and prints figures of lost and doubled requests.
struct KillsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kills",
        abstract: "Kills the exporter during rotations and webhook batches, and compares its counts with the truth.",
        discussion: "The status is 0 if nothing was missed, doubled, withdrawn or shown too early.")

    @Option(help: "Seed of all random decisions. (default: random)")
    var seed: UInt64?

    @Option(help: "Number of kills.")
    var kills = 200

    @Option(help: "Seconds after which the exporter is no longer killed.")
    var seconds = 900.0

    @Option(help: "Number of connections that send webhook batches; 0 for none.")
    var senders = 3

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let options = TortureOptions(
            seed: seed ?? .random(in: 1...UInt64(UInt32.max)), kills: kills, seconds: seconds, senders: senders,
            exporter: try Program.exporter.locate())
        let directory = FileManager.default.temporaryDirectory.appending(path: "kube-audit-torture-\(getpid())")
        let line = ProgressLine()
        line.say("seed=\(options.seed) \(options.exporter.path)")
        let outcome = await untilInterrupted { try await Torture(options, in: directory).run { line.show($0) } }
        try conclude(outcome, directory, line)
    }

    private func conclude(
        _ outcome: Result<TortureReport, any Error>, _ directory: URL, _ line: ProgressLine
    ) throws {
        switch outcome {
        case .success(let report):
            for fault in report.faults { line.say(fault) }
            line.say(report.line)
            if report.isClean { return try FileManager.default.removeItem(at: directory) }
        case .failure(is CancellationError):
            line.say("Stopped.")
            try? FileManager.default.removeItem(at: directory)
            throw ExitCode(130)
        case .failure(let error):
            line.say("\(error)")
        }
        line.say("Logs, state and the exporter's output are kept in \(directory.path).")
        throw ExitCode.failure
    }
}
