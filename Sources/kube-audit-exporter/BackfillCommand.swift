import ArgumentParser
import Exporter

/// Puts the past into Prometheus.
struct BackfillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Write the counters of the past, from audit logs, as OpenMetrics that promtool imports.",
        usage: "kube-audit-exporter backfill <file> ... --output <file> [<flags>]",
        discussion: """
            Writes the counters that an exporter would have shown while these logs were written, with timestamps. \
            Neither the order of the files nor that of their lines matters, and an event that is read twice counts once.

            For example, for the Prometheus on this machine:
              kube-audit-exporter backfill /var/log/kubernetes/audit/ --output past.om
              promtool tsdb create-blocks-from openmetrics past.om DIRECTORY
            DIRECTORY is that of Prometheus' data, on Debian /var/lib/prometheus/metrics2.

            Exit status: 0 if all inputs were read, 1 if one could not be read (the others are written) or the file could \
            not be written, 64 if a flag or an argument cannot be used, 78 if a file that a flag names cannot be used.
            """)

    @OptionGroup var logs: StoredLogFlags

    @Option(help: ArgumentHelp("File to write, or - for standard output.", valueName: "file"), completion: .file())
    var output: String

    @Flag(help: "Replace an existing file.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "Label that each series gets. Repeatable. (default: job=kube-audit-exporter and instance=backfill)",
            valueName: "name=value"))
    var label: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Time between two regular samples, as the scrape interval; at most 4m.", valueName: "duration"))
    var step = "1m"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Window of the alert rules: a counter has samples for so long.", valueName: "duration"))
    var window = "1h"

    @Option(
        name: .customLong("source.threshold"), parsing: .unconditional,
        help: ArgumentHelp(
            "Largest number of requests within an hour that is not a scan, as in the alert rules.", valueName: "n"))
    var sourceThreshold = "5"

    @OptionGroup var selection: SelectionFlags

    func run() throws {
        let options = BackfillOptions(
            files: logs.files, output: output, auditFormat: selection.auditFormat, force: force, labels: label,
            step: step, window: window,
            since: logs.since,
            until: logs.until, threshold: sourceThreshold, geoipDatabase: selection.geoipDatabase,
            trustedProxies: selection.sourceTrustedProxy, filterFile: selection.filterFile)
        let isComplete = try printingErrors { try Backfill.run(options) }
        guard isComplete else { throw ExitCode.failure }
    }
}
