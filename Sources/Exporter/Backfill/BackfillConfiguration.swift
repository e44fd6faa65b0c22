import AccessScanning
import Exposition

/// The validated flags of `backfill`.
struct BackfillConfiguration: Sendable {
    /// Those that `scan` has too.
    let scan: ScanConfiguration
    /// The file that is written; `-` for standard output.
    let output: String
    /// Whether an existing file is replaced.
    let replacesOutput: Bool
    /// Labels that each series gets in addition, as Prometheus adds them to a scrape.
    let labels: [(name: String, value: String)]
    /// When counters have samples.
    let sampling: CounterLife.Sampling
    /// The largest number of requests within an hour that is not a scan.
    let threshold: Int
    /// Times of requests that are not wrong, in microseconds since 1970: since 2000, and at most a day from now.
    let plausibleTimes: ClosedRange<Int64>

    /// - Parameter now: Seconds since 1970; no sample is later.
    /// - Throws: `ConfigurationError` with the flag and the correction.
    init(_ options: BackfillOptions, at now: Double) throws(ConfigurationError) {
        scan = try ScanConfiguration(
            ScanOptions(
                files: options.files, auditFormat: options.auditFormat, outcome: OutcomeChoice.all.rawValue,
                since: options.since, until: options.until,
                geoipDatabase: options.geoipDatabase,
                trustedProxies: options.trustedProxies, filterFile: options.filterFile), at: now,
            command: "backfill - --output OUTPUT", keepsPaths: true)
        guard !options.output.isEmpty, !options.output.utf8.contains(0) else {
            throw ConfigurationError(flag: "--output", reason: "is empty; give a file, or - for standard output")
        }
        output = options.output
        replacesOutput = options.force
        labels = try Self.labels(options.labels)
        threshold = try WholeNumber.parse(
            options.threshold, for: "--source.threshold", in: ScanningThreshold.range,
            suchAs: ScanningThreshold.requests)
        sampling = CounterLife.Sampling(
            step: try Self.duration(options.step, for: "--step", in: 1...240, suchAs: "1m"),
            // The request that passes the threshold is among these, or the threshold was passed before the step.
            requestSamples: threshold + 1,
            window: try Self.duration(options.window, for: "--window", in: 300...86_400, suchAs: "1h"),
            end: min(scan.selection.times.upperBound - 1, Int64(now * 1_000_000)))
        plausibleTimes = Self.year2000...max(Self.year2000, Int64((now + 86_400) * 1_000_000))
    }

    private static let year2000: Int64 = 946_684_800_000_000

    /// In microseconds.
    private static func duration(
        _ text: String, for flag: String, in range: ClosedRange<Double>, suchAs example: String
    ) throws(ConfigurationError) -> Int64 {
        guard let duration = PrometheusDuration(text), range.contains(duration.seconds) else {
            let (least, most) = (PrometheusDuration.text(range.lowerBound), PrometheusDuration.text(range.upperBound))
            throw ConfigurationError(
                flag: flag,
                reason: "\"\(text)\" cannot be used; give a duration from \(least) to \(most), such as \(example)")
        }
        return Int64(duration.seconds * 1_000_000)
    }

    /// Dashboards select by job and instance, so that each series has both.
    private static let defaultLabels = [("job", "kube-audit-exporter"), ("instance", "backfill")]

    private static func labels(_ texts: [String]) throws(ConfigurationError) -> [(name: String, value: String)] {
        let own = Set(BackfillText.metrics.flatMap(\.labels.names))
        var labels: [(name: String, value: String)] = []
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[1].isEmpty, LabelNames.isValid(parts[0]) else {
                throw error(text, "cannot be used; give NAME=VALUE, such as job=kube-audit-exporter")
            }
            guard !parts[0].hasPrefix("__"), !own.contains(parts[0]) else {
                throw error(text, "is a label of the exporter or of Prometheus; give another name")
            }
            guard !labels.contains(where: { $0.name == parts[0] }) else {
                throw error(text, "is the second value of this label; give one")
            }
            labels.append((parts[0], parts[1]))
        }
        return labels + defaultLabels.filter { label in !labels.contains { $0.name == label.0 } }
    }

    private static func error(_ text: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(flag: "--label", reason: "\"\(text)\" \(reason)")
    }
}
