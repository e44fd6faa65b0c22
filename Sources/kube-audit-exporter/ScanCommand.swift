import ArgumentParser
import Exporter

/// Searches logs once.
struct ScanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "Search audit logs once, and print the sources with too many requests without valid credentials.",
        usage: "kube-audit-exporter scan <file> ... [<flags>]",
        discussion: """
            Prints each source that made more requests than the threshold within --window, with what it sent and got. \
            Neither the order of the files nor that of their lines matters, and an event that is read twice counts once, \
            as in a log and its compressed copy.

            By default refused requests without credentials count (403). On clusters without anonymous access, scans end \
            with 401: use --outcome unauthorized there, or all. With all, the requests of one outcome must be over its \
            threshold. If the logs have sources over the threshold of another outcome, standard error says so; the exit \
            status is that of the outcomes that were asked for.

            For example, the scans of the last week in all rotated logs of a control plane:
              kube-audit-exporter scan --since 7d /var/log/kubernetes/audit/

            Exit status: 0 if no source is over the threshold, 3 if one is, 1 if an input could not be read or wraps \
            its events in another format (the result of the others is printed), 64 if a flag or an argument cannot be \
            used, 78 if a file that a flag names cannot be used.
            """)

    @OptionGroup var logs: StoredLogFlags

    @Option(
        help: ArgumentHelp(
            "Which requests count: forbidden (without credentials, refused: 403), unauthorized (not authenticated: 401), "
                + "allowed (without credentials, answered, outside the open paths) or all.", valueName: "outcome"),
        completion: .list(["forbidden", "unauthorized", "allowed", "all"]))
    var outcome = "forbidden"

    @Option(
        help: ArgumentHelp("Format of the result: table, json or csv.", valueName: "format"),
        completion: .list(["table", "json", "csv"]))
    var format = "table"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Sources with more requests of one outcome than this are printed. (default: 5; 0 for allowed requests)",
            valueName: "n"))
    var threshold: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Count the most requests within any window of this length, by the time of the events; all to count all.",
            valueName: "duration|all"))
    var window = "1h"

    @OptionGroup var selection: SelectionFlags

    func run() throws {
        let options = ScanOptions(
            files: logs.files, auditFormat: selection.auditFormat, outcome: outcome, format: format,
            threshold: threshold, window: window,
            since: logs.since,
            until: logs.until,
            geoipDatabase: selection.geoipDatabase, trustedProxies: selection.sourceTrustedProxy,
            filterFile: selection.filterFile)
        let status = try printingErrors { try Scan.run(options) }
        guard status == .nothingFound else { throw ExitCode(status.rawValue) }
    }
}
