/// The arguments and flags of `scan`, not validated yet.
public struct ScanOptions: Sendable {
    /// Files, globs and directories; `-` for standard input.
    public var files: [String]
    /// `--audit.format`
    public var auditFormat: String
    /// `--outcome`
    public var outcome: String
    /// `--format`
    public var format: String
    /// `--threshold`; that of each outcome if it is `nil`
    public var threshold: String?
    /// `--window`
    public var window: String
    /// `--since`; from the beginning if it is `nil`
    public var since: String?
    /// `--until`; to the end if it is `nil`
    public var until: String?
    /// `--geoip.database`
    public var geoipDatabase: String?
    /// `--source.trusted-proxy`
    public var trustedProxies: [String]
    /// `--filter.file`; nothing is filtered if it is `nil`
    public var filterFile: String?

    /// Arguments and flags, each with its default.
    public init(
        files: [String], auditFormat: String = "auto", outcome: String = "forbidden", format: String = "table",
        threshold: String? = nil,
        window: String = "1h", since: String? = nil, until: String? = nil, geoipDatabase: String? = nil,
        trustedProxies: [String] = [],
        filterFile: String? = nil
    ) {
        self.files = files
        self.auditFormat = auditFormat
        self.outcome = outcome
        self.format = format
        self.threshold = threshold
        self.window = window
        self.since = since
        self.until = until
        self.geoipDatabase = geoipDatabase
        self.trustedProxies = trustedProxies
        self.filterFile = filterFile
    }
}
