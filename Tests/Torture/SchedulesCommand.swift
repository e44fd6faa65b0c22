import ArgumentParser
import Foundation
import Glibc
import LocalStack
import TortureKit

/// Plays random schedules of rotators, people and crashes on real logs.
struct SchedulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedules",
        abstract: "Plays random schedules of rotators, people and crashes on real logs, and compares with the truth.",
        discussion: "The status is 0 if no request was missed without a report, doubled or withdrawn.")

    @Option(help: "Seed of the first schedule; the next ones have the following numbers. (default: random)")
    var seed: UInt64?

    @Option(help: "Number of schedules.")
    var count = 300

    @Option(help: "Number of schedules that are played at the same time.")
    var concurrency = 2

    @Option(help: "Seconds that the exporter may take to catch up.")
    var patience = 30.0

    @Option(help: "A kind of step to leave out, as the summary names it. Repeatable.")
    var without: [String] = []

    @Option(help: "The exporter's --audit.from in all schedules: beginning or 1h. (default: random)")
    var from: String?

    @Flag(help: "Continue after a fault.")
    var `continue` = false

    @Flag(help: "Play no schedules with more events than the exporter recognizes.")
    var short = false

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let first = seed ?? .random(in: 1...UInt64(UInt32.max))
        var options = ScheduleCampaign.Options(
            seeds: (0..<UInt64(count)).map { first + $0 }, exporter: try Program.exporter.locate())
        options.concurrency = concurrency
        options.patience = .seconds(patience)
        options.excluded = Set(without)
        options.start = from
        options.continues = `continue`
        options.allowsLong = !short
        let directory = FileManager.default.temporaryDirectory.appending(path: "kube-audit-schedules-\(getpid())")
        let line = ProgressLine()
        line.say("seed=\(first) count=\(count) \(options.exporter.path)")
        let outcome = await untilInterrupted { [options] in
            try await ScheduleCampaign(options, in: directory).run { line.show($0) }
        }
        try conclude(outcome, directory, line)
    }

    private func conclude(
        _ outcome: Result<ScheduleReport, any Error>, _ directory: URL, _ line: ProgressLine
    ) throws {
        switch outcome {
        case .success(let report):
            for failure in report.failures { line.say(failure) }
            for detail in report.details { line.say(detail) }
            line.say(report.line)
            if report.isClean { return try FileManager.default.removeItem(at: directory) }
            line.say("failed seeds: \(report.failedSeeds)")
            throw ExitCode.failure
        case .failure(is CancellationError):
            line.say("Stopped.")
            try? FileManager.default.removeItem(at: directory)
            throw ExitCode(130)
        case .failure(let error):
            line.say("\(error)")
            throw ExitCode.failure
        }
    }
}
