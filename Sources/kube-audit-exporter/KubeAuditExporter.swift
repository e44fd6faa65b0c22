import ArgumentParser
import Exporter

@main
struct KubeAuditExporter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-audit-exporter",
        abstract: "Prometheus exporter for unauthenticated scans of a Kubernetes API server, from its audit log.",
        usage: "kube-audit-exporter [serve] (--audit.log <path> | --webhook.listen-address <address>) ... [<flags>]",
        discussion: ServeFlags.discussion,
        version: BuildInfo.current.details,
        subcommands: [Serve.self, ScanCommand.self, BackfillCommand.self, BackupCommand.self])

    // --help shows the flags even if no command is named.
    @OptionGroup var flags: ServeFlags

    func run() async throws {
        try await flags.run()
    }
}

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
