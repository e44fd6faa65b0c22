import AuditEvents

/// The flags of the command line, not validated yet.
public struct ServeOptions: Sendable {
    /// The values of `--audit.format`.
    public static let auditFormats = AuditFormat.allCases.map(\.rawValue)

    /// `--audit.log`
    public var auditLogs: [String]
    /// `--audit.format`
    public var auditFormat: String
    /// `--audit.from`; the default, `1h`, if it is `nil`
    public var auditFrom: String?
    /// `--storage.path`
    public var storagePath: String
    /// `--web.listen-address`; the default if it is empty
    public var listenAddresses: [String]
    /// `--web.systemd-socket`
    public var usesSystemdSockets: Bool
    /// `--web.config.file`
    public var webConfigFile: String?
    /// `--web.enable-lifecycle`
    public var enablesLifecycle: Bool
    /// `--web.telemetry-path`
    public var telemetryPath: String
    /// `--web.external-url`; alerts have no links to the exporter if it is `nil`
    public var externalURL: String?
    /// `--web.openmetrics-created-series`
    public var showsCreatedSeries: Bool
    /// `--webhook.listen-address`; no webhook if it is `nil`
    public var webhookListenAddress: String?
    /// `--webhook.config.file`
    public var webhookConfigFile: String?
    /// `--webhook.max-body-size`; the default if it is `nil`
    public var webhookMaxBodySize: String?
    /// `--geoip.database`
    public var geoipDatabase: String?
    /// `--source.trusted-proxy`
    public var trustedProxies: [String]
    /// `--source.limit`
    public var sourceLimit: String
    /// `--source.claimed-limit`
    public var claimedLimit: String
    /// `--source.network-limit`
    public var networkLimit: String
    /// `--source.retention`
    public var retention: String
    /// `--source.threshold`
    public var threshold: String
    /// `--filter.file`; nothing is filtered if it is `nil`
    public var filterFile: String?
    /// `--log.level`
    public var logLevel: String
    /// `--log.format`
    public var logFormat: String

    /// The flags, each with its default.
    public init(
        auditLogs: [String] = [], auditFormat: String = "auto", auditFrom: String? = nil, storagePath: String = "data/",
        listenAddresses: [String] = [], usesSystemdSockets: Bool = false,
        webConfigFile: String? = nil, enablesLifecycle: Bool = false, telemetryPath: String = "/metrics",
        externalURL: String? = nil, showsCreatedSeries: Bool = false,
        webhookListenAddress: String? = nil,
        webhookConfigFile: String? = nil, webhookMaxBodySize: String? = nil, geoipDatabase: String? = nil,
        trustedProxies: [String] = [],
        sourceLimit: String = "10000", claimedLimit: String = "1000", networkLimit: String = "5000",
        retention: String = "24h", threshold: String = "5",
        filterFile: String? = nil,
        logLevel: String = "info", logFormat: String = "logfmt"
    ) {
        self.auditLogs = auditLogs
        self.auditFormat = auditFormat
        self.auditFrom = auditFrom
        self.storagePath = storagePath
        self.listenAddresses = listenAddresses
        self.usesSystemdSockets = usesSystemdSockets
        self.webConfigFile = webConfigFile
        self.enablesLifecycle = enablesLifecycle
        self.telemetryPath = telemetryPath
        self.externalURL = externalURL
        self.showsCreatedSeries = showsCreatedSeries
        self.webhookListenAddress = webhookListenAddress
        self.webhookConfigFile = webhookConfigFile
        self.webhookMaxBodySize = webhookMaxBodySize
        self.geoipDatabase = geoipDatabase
        self.trustedProxies = trustedProxies
        self.sourceLimit = sourceLimit
        self.claimedLimit = claimedLimit
        self.networkLimit = networkLimit
        self.retention = retention
        self.threshold = threshold
        self.filterFile = filterFile
        self.logLevel = logLevel
        self.logFormat = logFormat
    }
}
