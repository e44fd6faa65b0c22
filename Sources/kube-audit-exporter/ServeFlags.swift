import ArgumentParser
import Exporter
import Foundation

/// The flags of the exporter.
struct ServeFlags: ParsableArguments {
    static let discussion = """
        Counts, per source address, the requests that came without credentials and were refused, and serves the \
        counters on /metrics.
        """

    @Option(
        name: .customLong("audit.log"),
        help: ArgumentHelp(
            "An audit log to follow: a path, a glob (quote it), a FIFO, or - for standard input. Repeatable.",
            valueName: "path"))
    var auditLog: [String] = []

    @Option(
        name: .customLong("audit.from"),
        help: ArgumentHelp(
            "Where to begin in a log that is there at the start: beginning or end.", valueName: "place"))
    var auditFrom = "beginning"

    @Option(
        name: .customLong("storage.path"),
        help: ArgumentHelp("Where counters and read positions are kept.", valueName: "directory"))
    var storagePath = "data/"

    @Option(
        name: .customLong("web.listen-address"),
        help: ArgumentHelp("Where to serve metrics and pages. Repeatable. (default: :10403)", valueName: "address"))
    var webListenAddress: [String] = []

    @Option(
        name: .customLong("web.config.file"),
        help: ArgumentHelp(
            "How to serve with TLS and passwords: a web configuration file of the exporter-toolkit.", valueName: "file")
    )
    var webConfigFile: String?

    @Option(
        name: .customLong("web.telemetry-path"),
        help: ArgumentHelp("Under which path to serve the metrics.", valueName: "path"))
    var webTelemetryPath = "/metrics"

    @Option(
        name: .customLong("webhook.listen-address"),
        help: ArgumentHelp(
            "Where to receive the API server's audit webhook: POST on / or /audit. Off unless given.",
            valueName: "address"))
    var webhookListenAddress: String?

    @Option(
        name: .customLong("webhook.config.file"),
        help: ArgumentHelp(
            "How to receive the webhook with TLS, client certificates and passwords: as --web.config.file.",
            valueName: "file"))
    var webhookConfigFile: String?

    @Option(
        name: .customLong("webhook.max-body-size"),
        help: ArgumentHelp(
            "How long a webhook's body may be: bytes, or a number with KiB or MiB.", valueName: "size"))
    var webhookMaxBodySize = "32MiB"

    @Option(
        name: .customLong("geoip.database"),
        help: ArgumentHelp(
            "A MaxMind DB with cities, for the labels country and city; read again when it changes.", valueName: "file")
    )
    var geoipDatabase: String?

    @Option(
        name: .customLong("source.trusted-proxy"),
        help: ArgumentHelp(
            "A network of proxies whose X-Forwarded-For is believed. Repeatable.", valueName: "cidr"))
    var sourceTrustedProxy: [String] = []

    @Option(
        name: .customLong("source.limit"),
        help: ArgumentHelp("How many verified sources have a counter of their own.", valueName: "n"))
    var sourceLimit = 10_000

    @Option(
        name: .customLong("source.claimed-limit"),
        help: ArgumentHelp("How many claimed sources have a counter of their own.", valueName: "n"))
    var sourceClaimedLimit = 1_000

    @Option(
        name: .customLong("source.network-limit"),
        help: ArgumentHelp("How many networks of verified sources have a counter of their own.", valueName: "n"))
    var sourceNetworkLimit = 5_000

    @Option(
        name: .customLong("source.retention"),
        help: ArgumentHelp("After how long a silent source is retired; 1h at least.", valueName: "duration"))
    var sourceRetention = "24h"

    @Option(
        name: .customLong("filter.file"),
        help: ArgumentHelp("What is not reported: a YAML file; read again when it changes.", valueName: "file"))
    var filterFile: String?

    @Option(
        name: .customLong("log.level"),
        help: ArgumentHelp("What to log: debug, info, warn or error.", valueName: "level"))
    var logLevel = "info"

    @Option(
        name: .customLong("log.format"), help: ArgumentHelp("How to log: logfmt or json.", valueName: "format"))
    var logFormat = "logfmt"

    /// Runs the exporter with these flags.
    func run() async throws {
        let options = ServeOptions(
            auditLogs: auditLog, auditFrom: auditFrom, storagePath: storagePath,
            listenAddresses: webListenAddress,
            webConfigFile: webConfigFile, telemetryPath: webTelemetryPath,
            webhookListenAddress: webhookListenAddress, webhookConfigFile: webhookConfigFile,
            webhookMaxBodySize: webhookMaxBodySize, geoipDatabase: geoipDatabase, trustedProxies: sourceTrustedProxy,
            sourceLimit: sourceLimit, claimedLimit: sourceClaimedLimit,
            networkLimit: sourceNetworkLimit, retention: sourceRetention,
            filterFile: filterFile, logLevel: logLevel, logFormat: logFormat)
        do {
            try await Exporter.run(options)
        } catch {
            // No usage behind it: a flag's value was wrong, and which one stands there.
            FileHandle.standardError.write(Data("kube-audit-exporter: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }
}
