/// The arguments and flags of `backfill`, not validated yet.
public struct BackfillOptions: Sendable {
    /// The logs: files, globs, directories, or `-` for standard input.
    public var files: [String]
    /// `--audit.format`
    public var auditFormat: String
    /// `--output`
    public var output: String
    /// `--force`
    public var force: Bool
    /// `--label`
    public var labels: [String]
    /// `--step`
    public var step: String
    /// `--window`
    public var window: String
    /// `--since`; all requests if it is `nil`
    public var since: String?
    /// `--until`; until now if it is `nil`
    public var until: String?
    /// `--source.threshold`
    public var threshold: String
    /// `--geoip.database`
    public var geoipDatabase: String?
    /// `--source.trusted-proxy`
    public var trustedProxies: [String]
    /// `--filter.file`; nothing is filtered if it is `nil`
    public var filterFile: String?

    /// Arguments and flags, each with its default.
    public init(
        files: [String], output: String, auditFormat: String = "auto", force: Bool = false, labels: [String] = [],
        step: String = "1m",
        window: String = "1h",
        since: String? = nil, until: String? = nil, threshold: String = "5", geoipDatabase: String? = nil,
        trustedProxies: [String] = [], filterFile: String? = nil
    ) {
        self.files = files
        self.auditFormat = auditFormat
        self.output = output
        self.force = force
        self.labels = labels
        self.step = step
        self.window = window
        self.since = since
        self.until = until
        self.threshold = threshold
        self.geoipDatabase = geoipDatabase
        self.trustedProxies = trustedProxies
        self.filterFile = filterFile
    }
}
