import ArgumentParser
import Exporter

/// The flags that decide which requests count, and for which sources; the same for all commands.
struct SelectionFlags: ParsableArguments {
    @Option(
        name: .customLong("audit.format"),
        help: ArgumentHelp(
            "Format of the records in logs that are given without one; NAME:PATH gives that of one log. auto reads bare "
                + "events, EventLists, and the envelopes of EKS and AKS. Others: "
                + "\(ServeOptions.auditFormats.dropFirst().joined(separator: ", ")).", valueName: "name"),
        completion: .list(ServeOptions.auditFormats))
    var auditFormat = "auto"

    @Option(
        name: .customLong("geoip.database"),
        help: ArgumentHelp(
            "A MaxMind DB with cities, for country and city of a source; serve reloads it when it changes.",
            valueName: "file"), completion: .file()
    )
    var geoipDatabase: String?

    @Option(
        name: .customLong("source.trusted-proxy"),
        help: ArgumentHelp(
            "A network of proxies whose X-Forwarded-For is trusted. Repeatable.", valueName: "cidr"))
    var sourceTrustedProxy: [String] = []

    @Option(
        name: .customLong("filter.file"),
        help: ArgumentHelp(
            "Requests that are not reported: a YAML file; serve reloads it when it changes.", valueName: "file"),
        completion: .file())
    var filterFile: String?
}
