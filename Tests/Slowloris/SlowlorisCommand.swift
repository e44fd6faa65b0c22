import ArgumentParser
import Foundation
import Glibc
import LocalStack
import SlowlorisKit

/// Measures scrapes while slow clients occupy as many connections as they can.
@main
struct SlowlorisCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slowloris",
        abstract: "Scrapes an exporter while clients send a byte a second, or never read their response.",
        discussion: "The status is 0 if every scrape succeeded within a second.")

    @Option(help: "Connections that send a byte a second.")
    var dripping = 1000

    @Option(help: "Connections that never read their response.")
    var unread = 200

    @Option(help: "Number of client addresses, 0 for the scraper's own; repeatable. (default: 1, 4, one for each)")
    var addresses: [Int] = []

    @Option(help: "Number of sources in the metrics.")
    var sources = 11_000

    @Option(help: "Seconds per run.")
    var seconds = 40.0

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        var isGood = true
        for count in addresses.isEmpty ? [1, 4, dripping + unread] : addresses {
            let options = SlowlorisOptions(
                dripping: dripping, unread: unread, addresses: count, sources: sources, seconds: seconds,
                exporter: try Program.exporter.locate())
            let directory = FileManager.default.temporaryDirectory.appending(path: "kube-audit-slowloris-\(getpid())")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            let report = try await Slowloris(options, in: directory).run()
            let lines = [report.line] + report.failures.prefix(3).map { "  failed: \($0)" }
            try FileHandle.standardOutput.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
            isGood = isGood && report.failures.isEmpty && !report.scrapes.isEmpty && report.worst < .seconds(1)
        }
        if !isGood { throw ExitCode.failure }
    }
}
