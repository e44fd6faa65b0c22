import ArgumentParser
import Exporter

/// The exporter, which is also what runs where no command is named.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow audit logs and serve what was counted (the default).",
        usage: "kube-audit-exporter [serve] (--audit.log <path> | --webhook.listen-address <address>) ... [<flags>]",
        discussion: ServeFlags.discussion)

    @OptionGroup var flags: ServeFlags

    func run() async throws {
        try await flags.run()
    }
}
