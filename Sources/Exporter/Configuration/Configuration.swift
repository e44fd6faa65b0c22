import AccessScanning
import AuditEvents
import AuditSources
import ConfigurationFiles
import HTTPServing
import Locations
import Logging

extension ListenAddress {
    /// The part that two addresses on which one program cannot listen have in common.
    fileprivate var part: String { if case .unix = self { "path" } else { "port" } }
}

/// The validated flags, with the content of the files that they name.
struct Configuration: Sendable {
    /// The logs to follow.
    let logs: [LogPattern]
    /// Whether standard input is read too.
    let readsStandardInput: Bool
    /// The form of the records that come from it.
    let standardInputFormat: AuditFormat
    /// The directory of the state.
    let storagePath: String
    /// Which requests count in logs that were never followed before.
    let start: StartingPoint
    /// The same for standard input. It counts all requests unless the flag is given: what is piped in is meant.
    let standardInputStart: StartingPoint
    /// The addresses or sockets for metrics and pages.
    let listeners: [Listener]
    /// TLS, users and rules for metrics and pages, from `--web.config.file`.
    let web: LoadedFile<WebConfiguration>?
    /// Whether clients may request a reload.
    let lifecycle: Lifecycle
    /// The webhook's configuration; `nil` if it is disabled.
    let webhook: WebhookConfiguration?
    /// The path of the metrics.
    let telemetryPath: String
    /// The URL under which people reach the pages; `nil` if it is not given.
    let externalURL: ExternalURL?
    /// Whether counters have a `_created` series in OpenMetrics.
    let showsCreatedSeries: Bool
    /// The database of countries and cities; `nil` if none is given.
    let locations: LoadedFile<LocationDatabase>?
    /// The outcomes that are counted.
    let analytics = Analytic.counted
    /// How requests map to client addresses (trusted proxies).
    let attribution: SourceAttribution
    /// The maximum numbers of sources and networks, and their retention.
    let limits: SourceLimits
    /// The requests that are not reported; `nil` if no file is given.
    let filter: LoadedFile<RequestFilter>?
    /// The exporter's own log.
    let logger: Logger

    /// - Throws: `ConfigurationError` with the flag and the correction.
    init(_ options: ServeOptions) throws(ConfigurationError) {
        logger = try Self.logger(options)
        webhook = try WebhookConfiguration(options)
        let format: AuditFormat = try Self.choice(options.auditFormat, for: "--audit.format")
        let inputs = try Self.inputs(options.auditLogs, as: format, isOptional: webhook != nil)
        logs = inputs.logs
        readsStandardInput = inputs.standardInput != nil
        standardInputFormat = inputs.standardInput ?? .auto
        storagePath = try Self.storagePath(options.storagePath)
        start = try Self.startingPoint(options.auditFrom ?? "1h")
        standardInputStart = options.auditFrom == nil ? .beginning : start
        listeners = try Self.listeners(options, besides: webhook?.address)
        web = try Self.file(options.webConfigFile, for: "--web.config.file", WebConfiguration.read)
        lifecycle = Lifecycle(isEnabled: options.enablesLifecycle, web: web?.content)
        telemetryPath = try Self.telemetryPath(options.telemetryPath)
        if let url = options.externalURL { externalURL = try ExternalURL(url) } else { externalURL = nil }
        showsCreatedSeries = options.showsCreatedSeries
        attribution = SourceAttribution(trustedProxies: try Self.networks(options.trustedProxies))
        limits = try Self.limits(options)
        locations = try Self.file(options.geoipDatabase, for: "--geoip.database", LocationDatabase.read)
        filter = try Self.file(options.filterFile, for: "--filter.file", RequestFilter.read)
    }

    /// The names of the logs in metrics.
    var logNames: [String] { logs.map(\.description) + (readsStandardInput ? ["-"] : []) }

    /// The kinds of inputs in use, each once.
    var inputs: [InputKind] {
        (logs.isEmpty ? [] : [.file]) + (readsStandardInput ? [.stdin] : []) + (webhook == nil ? [] : [.webhook])
    }

    /// Settings without an effect, in configuration files and of systemd.
    var notices: [String] {
        [web, webhook?.web].compactMap { $0?.content.notices }.flatMap(\.self)
            + (ActivatedSocket.arePassed
                ? ["Sockets of a systemd .socket unit are not used; give --web.systemd-socket to use them"] : [])
    }

    /// The files that flags name and that are reloaded.
    func reloadableFiles(for pipeline: Pipeline) -> [ReloadableFile] {
        [
            web.map { .web($0, flag: "--web.config.file", server: "web") },
            webhook?.web.map { .web($0, flag: "--webhook.config.file", server: "webhook") },
            locations.map { .locations($0, for: pipeline) },
            filter.map { .filter($0, for: pipeline) },
        ].compactMap(\.self)
    }

    /// - Throws: `ConfigurationError` if it cannot be a path.
    static func storagePath(_ text: String) throws(ConfigurationError) -> String {
        guard !text.isEmpty, !text.utf8.contains(0) else {
            throw ConfigurationError(flag: "--storage.path", reason: "is empty; give a directory")
        }
        return text
    }

    private static func startingPoint(_ text: String) throws(ConfigurationError) -> StartingPoint {
        switch text {
        case "beginning": return .beginning
        case "end": return .end
        default:
            guard let duration = PrometheusDuration(text) else {
                throw ConfigurationError(
                    flag: "--audit.from",
                    reason: "\"\(text)\" cannot be used; give a duration such as 30m, 1h or 1d12h, or beginning, or end"
                )
            }
            return .recent(seconds: duration.seconds)
        }
    }

    static func choice<Choice: RawRepresentable & CaseIterable>(
        _ text: String, for flag: String
    ) throws(ConfigurationError) -> Choice where Choice.RawValue == String {
        if let choice = Choice(rawValue: text) { return choice }
        let choices = Choice.allCases.map(\.rawValue)
        let list = choices.dropLast().joined(separator: ", ") + " or " + (choices.last ?? "")
        throw ConfigurationError(flag: flag, reason: "\"\(text)\" is not known; give \(list)")
    }

    private static func logger(_ options: ServeOptions) throws(ConfigurationError) -> Logger {
        let levels: [String: Logger.Level] = ["debug": .debug, "info": .info, "warn": .warning, "error": .error]
        guard let level = levels[options.logLevel] else {
            throw ConfigurationError(
                flag: "--log.level", reason: "\"\(options.logLevel)\" is not known; give debug, info, warn or error")
        }
        let format: LogFormat = try choice(options.logFormat, for: "--log.format")
        return Logger(label: "kube-audit-exporter") { _ in LineLogHandler(level: level, format: format) }
    }

    private static func inputs(
        _ texts: [String], as format: AuditFormat, isOptional: Bool
    ) throws(ConfigurationError) -> (logs: [LogPattern], standardInput: AuditFormat?) {
        guard isOptional || !texts.isEmpty else {
            throw ConfigurationError(
                flag: "--audit.log",
                reason: "there is nothing to read; name an audit log with --audit.log PATH (repeatable; a glob, a "
                    + "FIFO, or - for standard input) or receive the API server's webhook with "
                    + "--webhook.listen-address HOST:PORT")
        }
        if let (path, formats) = LogPattern.conflict(in: texts, as: format) {
            throw ConfigurationError(flag: "--audit.log", value: path, reason: "is \(twoFormats(formats))")
        }
        var patterns: [LogPattern] = []
        var standardInput: AuditFormat?
        for text in texts {
            let (named, path) = AuditFormat.split(text)
            if path == "-" {
                standardInput = named ?? format
                continue
            }
            guard let pattern = LogPattern(text, as: format) else {
                let reason = named == nil ? "is empty" : "names a format without a path"
                throw ConfigurationError(
                    flag: "--audit.log", value: named == nil ? nil : text,
                    reason: "\(reason); give a path, a glob, or -")
            }
            // Each pattern has its own series in the metrics.
            if patterns.contains(pattern) { continue }
            patterns.append(pattern)
        }
        return (patterns, standardInput)
    }

    /// That a path is given with two formats.
    static func twoFormats(_ formats: [AuditFormat]) -> String {
        "given with two formats, \(formats.map(\.rawValue).joined(separator: " and ")); give one"
    }

    private static func listeners(
        _ options: ServeOptions, besides webhook: ListenAddress?
    ) throws(ConfigurationError) -> [Listener] {
        guard options.usesSystemdSockets else {
            return try listenAddresses(options.listenAddresses, besides: webhook).map { .address($0) }
        }
        guard options.listenAddresses.isEmpty else {
            throw ConfigurationError(
                flag: "--web.listen-address",
                reason:
                    "has no effect with --web.systemd-socket, which uses the sockets of the .socket unit; remove one")
        }
        do throws(ActivationError) {
            return try ActivatedSocket.take().map { .activated($0) }
        } catch {
            throw ConfigurationError(flag: "--web.systemd-socket", reason: error.description)
        }
    }

    private static func listenAddresses(
        _ texts: [String], besides webhook: ListenAddress?
    ) throws(ConfigurationError) -> [ListenAddress] {
        let flag = "--web.listen-address"
        var addresses: [ListenAddress] = []
        for text in texts.isEmpty ? [":10403"] : texts {
            let new = try address(text, for: flag)
            if let other = addresses.first(where: new.conflicts) {
                throw ConfigurationError(
                    flag: flag, value: "\(new)",
                    reason: "has the same \(new.part) as \(flag) \(other); give each its own")
            }
            if let webhook, new.conflicts(with: webhook) {
                throw ConfigurationError(
                    flag: flag, value: "\(new)",
                    reason: "has the same \(new.part) as --webhook.listen-address \(webhook); give each its own")
            }
            addresses.append(new)
        }
        return addresses
    }

    static func address(_ text: String, for flag: String) throws(ConfigurationError) -> ListenAddress {
        if let address = ListenAddress(text) { return address }
        guard text.hasPrefix("unix:") else {
            throw ConfigurationError(
                flag: flag,
                reason: "\"\(text)\" is not an address; give HOST:PORT, :PORT, [IPV6]:PORT or unix:PATH")
        }
        throw ConfigurationError(
            flag: flag,
            reason: "\"\(text)\" cannot be used; give unix:PATH with a path of at most 107 bytes that does not begin "
                + "with @, such as unix:/run/kube-audit-exporter/web.sock")
    }

    /// Reads a file that a flag names; `nil` if the flag is not given.
    static func file<Content>(
        _ path: String?, for flag: String, _ read: (String) -> FileReading<Content>
    ) throws(ConfigurationError) -> LoadedFile<Content>? {
        guard let path else { return nil }
        return try LoadedFile(path, flag: flag, read)
    }

    private static func telemetryPath(_ text: String) throws(ConfigurationError) -> String {
        let isPlain = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !#"?#%"<>\"#.utf8.contains($0) }
        let isTaken = ["/-", "/api", "/sources"].contains { text == $0 || text.hasPrefix($0 + "/") }
        guard text.hasPrefix("/"), isPlain, !isTaken else {
            throw ConfigurationError(
                flag: "--web.telemetry-path",
                reason: "\"\(text)\" cannot be used; give a path such as /metrics, not below /-, /api or /sources")
        }
        return text
    }

    static func networks(_ texts: [String]) throws(ConfigurationError) -> [Network] {
        var networks: [Network] = []
        for text in texts {
            do throws(NetworkSyntaxError) {
                networks.append(try Network(validating: text))
            } catch {
                throw ConfigurationError(flag: "--source.trusted-proxy", reason: "\"\(text)\" \(error.reason)")
            }
        }
        return networks
    }

    /// More than the memory of a usual machine holds.
    private static let mostCounters = 10_000_000

    private static func limits(_ options: ServeOptions) throws(ConfigurationError) -> SourceLimits {
        let verified = try WholeNumber.parse(
            options.sourceLimit, for: "--source.limit", in: 1...mostCounters, suchAs: 10_000)
        let claimed = try WholeNumber.parse(
            options.claimedLimit, for: "--source.claimed-limit", in: 0...mostCounters, suchAs: 1000)
        let networks = try WholeNumber.parse(
            options.networkLimit, for: "--source.network-limit", in: 0...mostCounters, suchAs: 5000)
        let threshold = try WholeNumber.parse(
            options.threshold, for: "--source.threshold", in: ScanningThreshold.range,
            suchAs: ScanningThreshold.requests)
        // The alert compares a counter with its value an hour ago.
        guard let retention = PrometheusDuration(options.retention), retention.seconds >= 3600 else {
            throw ConfigurationError(
                flag: "--source.retention",
                reason: "\"\(options.retention)\" cannot be used; give a duration of at least 1h, such as 24h")
        }
        return SourceLimits(
            verified: verified, claimed: claimed, networks: networks, retention: retention.seconds,
            threshold: threshold)
    }
}
