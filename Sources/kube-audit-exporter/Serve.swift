import ArgumentParser
import Exporter

/// Runs the exporter; the default command.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow audit logs and serve the counters (the default).",
        usage: "kube-audit-exporter [serve] (--audit.log <path> | --webhook.listen-address <address>) ... [<flags>]",
        discussion: ServeFlags.discussion)

    @OptionGroup var flags: ServeFlags

    func run() async throws {
        try await flags.run()
    }
}
