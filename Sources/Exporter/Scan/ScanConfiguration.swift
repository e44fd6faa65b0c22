import AccessScanning
import AuditEvents
import AuditSources
import Locations

/// The validated flags of `scan`, with the content of the files that they name.
struct ScanConfiguration: Sendable {
    /// How sources are printed.
    enum Format: String, CaseIterable {
        case table
        case json
        case csv
    }

    /// The command that reads standard input, for advice: `kube-audit-exporter scan -`.
    let command: String
    let files: [String]
    /// The form of the records in files that are given without one.
    let auditFormat: AuditFormat
    /// The outcomes whose requests are counted.
    let outcome: OutcomeChoice
    let format: Format
    /// Sources with more requests of one outcome are printed; `nil` for the threshold of each outcome.
    let threshold: Int?
    /// The length of the window in seconds; `nil` for all requests.
    let window: Double?
    /// The window as it was given.
    let windowText: String
    /// Which requests are counted, and for which sources.
    let selection: RequestCollection.Selection
    /// The database of countries and cities; `nil` if none is given.
    let locations: LocationDatabase?

    /// - Parameters:
    ///   - now: Seconds since 1970, from which durations are measured back.
    ///   - command: The subcommand and its arguments that read standard input.
    ///   - keepsPaths: Whether the paths of requests are kept.
    /// - Throws: `ConfigurationError` with the flag and the correction.
    init(
        _ options: ScanOptions, at now: Double, command: String = "scan -", keepsPaths: Bool = false
    ) throws(ConfigurationError) {
        self.command = "kube-audit-exporter \(command)"
        files = options.files
        auditFormat = try Configuration.choice(options.auditFormat, for: "--audit.format")
        if let (path, formats) = LogPattern.conflict(in: options.files, as: auditFormat) {
            throw ConfigurationError(flag: "--audit.format", reason: "\(path) is \(Configuration.twoFormats(formats))")
        }
        let outcome: OutcomeChoice = try Configuration.choice(options.outcome, for: "--outcome")
        self.outcome = outcome
        format = try Configuration.choice(options.format, for: "--format")
        threshold = try options.threshold.map { text throws(ConfigurationError) in
            try WholeNumber.parse(text, for: "--threshold", in: 0...1_000_000_000, suchAs: 5)
        }
        window = try Self.window(options.window)
        windowText = options.window
        let since = try options.since.map { text throws(ConfigurationError) in try Self.time(text, "--since", now) }
        let until = try options.until.map { text throws(ConfigurationError) in try Self.time(text, "--until", now) }
        let (start, end) = (since ?? .min, until ?? .max)
        guard start < end else {
            throw ConfigurationError(
                flag: "--since", value: options.since, reason: "is not before --until; give an earlier time")
        }
        var selection = RequestCollection.Selection(
            of: Analytic.counted.filter { outcome.includes($0.outcome) },
            attribution: SourceAttribution(trustedProxies: try Configuration.networks(options.trustedProxies)),
            filter: try Configuration.file(options.filterFile, for: "--filter.file", RequestFilter.read)?.content
                ?? RequestFilter(),
            times: start..<end)
        selection.keepsPaths = keepsPaths
        self.selection = selection
        locations =
            try Configuration.file(options.geoipDatabase, for: "--geoip.database", LocationDatabase.read)?.content
    }

    /// The largest number of requests of an outcome that is not printed. Unless it is given, it is that of the alerts.
    func threshold(of analytic: Analytic) -> Int { threshold ?? analytic.threshold ?? ScanningThreshold.requests }

    /// Whether a source has more requests of one of the outcomes than the threshold.
    ///
    /// - Parameter counts: Its requests by outcome, in the order of the analytics.
    func isOver(_ counts: [Int], of analytics: [Analytic]) -> Bool {
        zip(analytics, counts).contains { $1 > threshold(of: $0) }
    }

    private static func window(_ text: String) throws(ConfigurationError) -> Double? {
        if text == "all" { return nil }
        guard let duration = PrometheusDuration(text), duration.seconds > 0 else {
            throw ConfigurationError(
                flag: "--window",
                reason: "\"\(text)\" cannot be used; give a duration such as 30m, 1h or 1d12h, or all")
        }
        return duration.seconds
    }

    /// A point in time, in microseconds since 1970: RFC 3339, a date, or a duration back from now.
    private static func time(_ text: String, _ flag: String, _ now: Double) throws(ConfigurationError) -> Int64 {
        if let time = EventTimestamp(text) ?? EventTimestamp(text + "T00:00:00Z") {
            return Int64((time.secondsSince1970 * 1_000_000).rounded())
        }
        if let duration = PrometheusDuration(text) {
            return Int64(max(-0x1p62, (now - duration.seconds) * 1_000_000))
        }
        throw ConfigurationError(
            flag: flag,
            reason: "\"\(text)\" cannot be used; give a time such as 2026-11-23T22:00:00Z or 2026-11-23, or a duration "
                + "back from now such as 24h")
    }
}
