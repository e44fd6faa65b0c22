import ArgumentParser
import Exporter
import Foundation

/// The flags of the exporter.
struct ServeFlags: ParsableArguments {
    static let discussion = """
        Counts the requests without valid credentials by source address and outcome (forbidden, unauthorized, allowed), \
        and serves the counters on /metrics.
        """

    @Option(
        name: .customLong("audit.log"),
        help: ArgumentHelp(
            "An audit log to follow: a path, a glob (quote it), a FIFO, or - for standard input, each also as NAME:PATH "
                + "with the format of its records, see --audit.format. Repeatable.",
            valueName: "path"), completion: .file())
    var auditLog: [String] = []

    @Option(
        name: .customLong("audit.from"), parsing: .unconditional,
        help: ArgumentHelp(
            "Which requests count in a log that was not read before: those of the last duration, all (beginning), or "
                + "only new ones (end). (default: 1h)", valueName: "duration|beginning|end"))
    var auditFrom: String?

    @OptionGroup var storage: StorageFlags

    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp(
            "Address for metrics and pages: HOST:PORT, or unix:PATH for a Unix domain socket. Repeatable. (default: "
                + ":10403)", valueName: "address"))
    var webListenAddress: [String] = []

    @Flag(
        name: .customLong("web.systemd-socket"),
        help: ArgumentHelp(
            "Serve metrics and pages on the sockets of a systemd .socket unit, instead of --web.listen-address."))
    var webSystemdSocket = false

    @Option(
        name: .customLong("web.config.file"),
        help: ArgumentHelp(
            "TLS and passwords for metrics and pages: a web configuration file as in the exporter-toolkit.",
            valueName: "file"), completion: .file()
    )
    var webConfigFile: String?

    @Flag(
        name: .customLong("web.enable-lifecycle"),
        help: ArgumentHelp(
            "Allow POST and PUT on /-/reload, which are also allowed if the web configuration demands passwords or "
                + "verified client certificates."))
    var webEnableLifecycle = false

    @Option(
        name: .customLong("web.telemetry-path"),
        help: ArgumentHelp("Path of the metrics.", valueName: "path"))
    var webTelemetryPath = "/metrics"

    @Option(
        name: .customLong("web.external-url"),
        help: ArgumentHelp(
            "URL under which people reach this exporter's pages, for links in alerts and dashboards.",
            valueName: "url"))
    var webExternalURL: String?

    @Flag(
        name: .customLong("web.openmetrics-created-series"),
        help: ArgumentHelp(
            "Expose the creation time of each source's counter in OpenMetrics, which Prometheus stores as a series of "
                + "its own."))
    var webOpenmetricsCreatedSeries = false

    @Option(
        name: .customLong("webhook.listen-address"),
        help: ArgumentHelp(
            "Address that receives the API server's audit webhook, HOST:PORT or unix:PATH: POST on / or /audit. Off by "
                + "default.",
            valueName: "address"))
    var webhookListenAddress: String?

    @Option(
        name: .customLong("webhook.config.file"),
        help: ArgumentHelp(
            "TLS, client certificates and passwords for the webhook, in the format of --web.config.file.",
            valueName: "file"), completion: .file())
    var webhookConfigFile: String?

    @Option(
        name: .customLong("webhook.max-body-size"), parsing: .unconditional,
        help: ArgumentHelp(
            "Maximum size of a webhook body: bytes, or a number with KiB or MiB. (default: 32MiB)", valueName: "size"))
    var webhookMaxBodySize: String?

    @OptionGroup var selection: SelectionFlags

    @Option(
        name: .customLong("source.limit"), parsing: .unconditional,
        help: ArgumentHelp("Maximum number of verified sources with a counter, for each outcome.", valueName: "n"))
    var sourceLimit = "10000"

    @Option(
        name: .customLong("source.claimed-limit"), parsing: .unconditional,
        help: ArgumentHelp("Maximum number of claimed sources with a counter, for each outcome.", valueName: "n"))
    var sourceClaimedLimit = "1000"

    @Option(
        name: .customLong("source.network-limit"), parsing: .unconditional,
        help: ArgumentHelp(
            "Maximum number of networks of verified sources with a counter of their own.", valueName: "n"))
    var sourceNetworkLimit = "5000"

    @Option(
        name: .customLong("source.retention"), parsing: .unconditional,
        help: ArgumentHelp(
            "Time after which a silent source or network is retired; at least 1h.", valueName: "duration"))
    var sourceRetention = "24h"

    @Option(
        name: .customLong("source.threshold"), parsing: .unconditional,
        help: ArgumentHelp(
            "Largest number of requests within an hour that is not a scan, as in the alert rules.", valueName: "n"))
    var sourceThreshold = "5"

    @Option(
        name: .customLong("log.level"),
        help: ArgumentHelp("Lowest level that is logged: debug, info, warn or error.", valueName: "level"),
        completion: .list(["debug", "info", "warn", "error"]))
    var logLevel = "info"

    @Option(
        name: .customLong("log.format"), help: ArgumentHelp("Format of the log: logfmt or json.", valueName: "format"),
        completion: .list(["logfmt", "json"]))
    var logFormat = "logfmt"

    /// Runs the exporter with these flags.
    func run() async throws {
        let options = ServeOptions(
            auditLogs: auditLog, auditFormat: selection.auditFormat, auditFrom: auditFrom, storagePath: storage.path,
            listenAddresses: webListenAddress, usesSystemdSockets: webSystemdSocket,
            webConfigFile: webConfigFile, enablesLifecycle: webEnableLifecycle, telemetryPath: webTelemetryPath,
            externalURL: webExternalURL, showsCreatedSeries: webOpenmetricsCreatedSeries,
            webhookListenAddress: webhookListenAddress, webhookConfigFile: webhookConfigFile,
            webhookMaxBodySize: webhookMaxBodySize, geoipDatabase: selection.geoipDatabase,
            trustedProxies: selection.sourceTrustedProxy,
            sourceLimit: sourceLimit, claimedLimit: sourceClaimedLimit,
            networkLimit: sourceNetworkLimit, retention: sourceRetention, threshold: sourceThreshold,
            filterFile: selection.filterFile, logLevel: logLevel, logFormat: logFormat)
        do {
            try await Exporter.run(options)
        } catch {
            // Without the usage text: the message names the flag whose value is wrong.
            StandardStreams.complain("\(error)")
            throw ExitCode(FailureStatus(of: error).rawValue)
        }
    }
}
