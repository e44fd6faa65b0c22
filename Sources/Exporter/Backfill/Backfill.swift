import AccessScanning
import AuditSources
import Foundation

/// `backfill`: writes the counters that an exporter would have shown in the past, for Prometheus to import.
///
/// ```
/// arguments ─▶ StoredLog.find ─▶ ParallelReading ─▶ RequestHistory ─▶ BackfillText ─▶ promtool tsdb create-blocks-from
///               the files         the requests       by source and     samples at      openmetrics
///                                                    network           regular times
/// ```
///
/// All requests are in memory, about 300 bytes each, because logs are not in the order of time. The text is not.
public enum Backfill {
    /// Reads the logs and writes the file. What was done is printed on standard error. The call blocks.
    ///
    /// - Returns: Whether all inputs could be read. If not, the file has what could be read.
    /// - Throws: `ConfigurationError` if a flag, or a file that it names, cannot be used.
    public static func run(_ options: BackfillOptions) throws(ConfigurationError) -> Bool {
        let configuration = try BackfillConfiguration(options, at: Date.now.timeIntervalSince1970)
        let inputs = StoredLog.find(configuration.scan.files).logs.map(\.path)
        let file = try OutputFile(configuration.output, replaces: configuration.replacesOutput, inputs: inputs)
        guard let (requests, isComplete) = Scan.read(configuration.scan) else { return false }
        let history = requests.history(within: configuration.plausibleTimes)
        noteLeftOut(history)
        noteFlood(history)
        guard isComplete || !history.sources.isEmpty else {
            Scan.complain(
                "\(nothing(history)), and not all inputs could be read; \(configuration.output) is not written")
            return false
        }
        var text = BackfillText(configuration) { piece throws(ConfigurationError) in try file.write(piece) }
        try text.write(history)
        try file.finish()
        summarize(text, history, configuration)
        return isComplete
    }

    private static func noteLeftOut(_ history: RequestHistory) {
        if history.untimedRequests > 0 {
            Scan.complain("\(history.untimedRequests) requests have no time and are left out")
        }
        if history.mistimedRequests > 0 {
            Scan.complain(
                "\(history.mistimedRequests) requests are left out because their times are wrong: before the year 2000, "
                    + "or more than a day from now")
        }
    }

    /// An exporter would have kept the counters of some of these sources only.
    private static func noteFlood(_ history: RequestHistory) {
        guard history.sources.count > SourceLimits().verified else { return }
        Scan.complain(
            "\(history.sources.count) sources become as many series, which take Prometheus' memory; leave out floods with "
                + "--filter.file, --since or --until")
    }

    private static func nothing(_ history: RequestHistory) -> String {
        let leftOut = history.untimedRequests + history.mistimedRequests
        return leftOut > 0 || !history.sources.isEmpty
            ? "no refused request without credentials is left to write"
            : "no refused requests without credentials were found"
    }

    private static func summarize(
        _ text: BackfillText, _ history: RequestHistory, _ configuration: BackfillConfiguration
    ) {
        let output = configuration.output
        guard let times = text.times else {
            Scan.complain("\(nothing(history)); \(output) has no samples")
            return
        }
        Scan.complain(
            "wrote \(text.samples) samples of \(text.series) series of \(history.sources.count) sources, from "
                + "\(StartMessages.time(times.lowerBound)) to \(StartMessages.time(times.upperBound)), to \(output)")
        if output != "-" {
            Scan.complain(
                "import them with: promtool tsdb create-blocks-from openmetrics \(output) PROMETHEUS-DATA-DIRECTORY")
        }
    }
}
