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
        let inputs = StoredLog.find(configuration.scan.files, as: configuration.scan.auditFormat).logs.map(\.path)
        let file = try OutputFile(configuration.output, replaces: configuration.replacesOutput, inputs: inputs)
        guard let found = Scan.read(configuration.scan) else { return false }
        let histories = configuration.scan.selection.analytics.enumerated().map { index, analytic in
            (analytic: analytic, history: found.requests.history(of: index, within: configuration.plausibleTimes))
        }
        let all = histories.map(\.history)
        noteLeftOut(all)
        noteFlood(all)
        guard found.isComplete || all.contains(where: { !$0.sources.isEmpty }) else {
            Scan.complain(
                "\(nothing(all)), and not all inputs could be read; \(configuration.output) is not written")
            return false
        }
        var text = BackfillText(configuration) { piece throws(ConfigurationError) in try file.write(piece) }
        try text.write(histories, paths: found.requests.pathHistories(within: configuration.plausibleTimes))
        try file.finish()
        summarize(text, all, configuration)
        return found.isComplete
    }

    private static func noteLeftOut(_ histories: [RequestHistory]) {
        let untimed = histories.reduce(0) { $0 + $1.untimedRequests }
        if untimed > 0 { Scan.complain("\(untimed) requests have no time and are left out") }
        let mistimed = histories.reduce(0) { $0 + $1.mistimedRequests }
        if mistimed > 0 {
            Scan.complain(
                "\(mistimed) requests are left out because their times are wrong: before the year 2000, "
                    + "or more than a day from now")
        }
    }

    /// An exporter would have kept the counters of some of these sources only.
    private static func noteFlood(_ histories: [RequestHistory]) {
        guard let sources = histories.map(\.sources.count).max(), sources > SourceLimits().verified else { return }
        Scan.complain(
            "\(sources) sources become as many series, which take Prometheus' memory; leave out floods with "
                + "--filter.file, --since or --until")
    }

    private static func nothing(_ histories: [RequestHistory]) -> String {
        let hasRequests = histories.contains {
            $0.untimedRequests > 0 || $0.mistimedRequests > 0 || !$0.sources.isEmpty
        }
        return hasRequests
            ? "no request without valid credentials is left to write"
            : "no requests without valid credentials were found"
    }

    private static func summarize(
        _ text: BackfillText, _ histories: [RequestHistory], _ configuration: BackfillConfiguration
    ) {
        let output = configuration.output
        guard let times = text.times else {
            Scan.complain("\(nothing(histories)); \(output) has no samples")
            return
        }
        let sources = Set(histories.flatMap(\.sources).map(\.subject.source))
        Scan.complain(
            "wrote \(text.samples) samples of \(text.series) series of \(sources.count) sources, from "
                + "\(StartMessages.time(times.lowerBound)) to \(StartMessages.time(times.upperBound)), to \(output)")
        if output != "-" {
            Scan.complain(
                "import them with: promtool tsdb create-blocks-from openmetrics \(output) PROMETHEUS-DATA-DIRECTORY")
        }
    }
}
