import AccessScanning
import AuditSources
import Foundation
import Glibc
import Locations

/// `scan`: searches logs once, and prints the sources over the threshold.
///
/// ```
/// arguments ─▶ StoredLog.find ─▶ ParallelReading ─▶ RequestCollection ─▶ reports ─▶ ScanOutput
///               the files         parts of them       requests by source   over the    table, JSON, CSV
///                                 on all cores        in any order         threshold
/// ```
public enum Scan {
    /// The exit status of the process.
    public enum ExitStatus: Int32, Sendable {
        /// No source is over the threshold.
        case nothingFound = 0
        /// An input could not be read, or holds events in a form that is not supported; what could be read was printed.
        case failed = 1
        /// A source is over the threshold.
        case found = 3
    }

    /// Reads the logs, prints the result on standard output, and everything else on standard error. The call blocks.
    ///
    /// - Throws: `ConfigurationError` if a flag, or the file that it names, cannot be used.
    public static func run(_ options: ScanOptions) throws(ConfigurationError) -> ExitStatus {
        let configuration = try ScanConfiguration(options, at: Date.now.timeIntervalSince1970)
        guard let found = read(configuration) else { return .failed }
        let reports = reports(on: found.requests, configuration)
        // The result must not hide that requests ended in another way.
        let others = OtherOutcomes(in: found.otherRequests, configuration)
        if let text = others.text { complain(text) }
        guard print(reports, configuration), found.isComplete else { return .failed }
        return reports.isEmpty ? .nothingFound : .found
    }

    /// What was read.
    struct Findings {
        /// The requests of all logs.
        var requests: RequestCollection
        /// The requests of the outcomes that were not asked for.
        var otherRequests: RequestCollection
        /// Whether all inputs could be read.
        var isComplete: Bool
    }

    /// Reads all logs, and prints on standard error what is wrong with them. The call blocks.
    ///
    /// - Returns: `nil` if no audit event was found.
    static func read(_ configuration: ScanConfiguration) -> Findings? {
        let (logs, problems) = StoredLog.find(configuration.files, as: configuration.auditFormat)
        // The problems of the arguments come before a long read.
        for problem in problems { complain("\(problem)") }
        guard !logs.isEmpty else { return nil }

        let sizes = logs.map(\.size)
        let progress = ScanProgress(of: sizes.contains(nil) ? nil : sizes.compactMap(\.self).reduce(0, +))
        let reading = ParallelReading(logs, selection: configuration.selection)
        var waitedFor: Set<StoredLog> = []
        // Else the code of the start is a fifth of the peak of memory.
        ProcessMemory.returnCode()
        let result = reading.run(threads: ProcessInfo.processInfo.activeProcessorCount) { bytes in
            for log in reading.silent(for: .seconds(1)) where waitedFor.insert(log).inserted {
                noteWait(for: log, progress)
            }
            progress.show(bytes)
        }
        progress.clear()

        let haveLines = result.readings.contains { $0.lines > 0 }
        let messages = zip(logs, result.readings).flatMap {
            LogFindings.messages(about: $0, $1, othersHaveLines: haveLines, command: configuration.command)
        }
        for message in messages { complain(message.text) }
        let isComplete = problems.isEmpty && !messages.contains(where: \.isProblem)
        // Nothing could be searched, so that an empty table would be misleading.
        guard result.readings.contains(where: \.holdsAuditEvents) else {
            if isComplete { complain("no audit event was found; name the files of the API server's --audit-log-path") }
            return nil
        }
        note(result.requests, configuration)
        return Findings(requests: result.requests, otherRequests: result.otherRequests, isComplete: isComplete)
    }

    /// The sources that are over the threshold with one outcome: those with the most requests first, then by address.
    static func reports(on requests: RequestCollection, _ configuration: ScanConfiguration) -> [SourceReport] {
        let analytics = configuration.selection.analytics
        return requests.sources(within: configuration.window).filter { configuration.isOver($0.counts, of: analytics) }
            .map { source in
                var location = Location.unknown
                if case .address(let address) = source.source.address {
                    location = configuration.locations?.location(of: address) ?? .unknown
                }
                return SourceReport(source, of: analytics, at: location)
            }
    }

    /// - Returns: Whether standard output took the text; a full disk does not.
    private static func print(_ reports: [SourceReport], _ configuration: ScanConfiguration) -> Bool {
        let text =
            switch configuration.format {
            case .table: reports.isEmpty ? nothing(configuration) : table(reports, configuration)
            case .json: ScanOutput.json(reports)
            case .csv: ScanOutput.csv(reports, withOutcomes: configuration.outcome == .all)
            }
        guard let reason = StandardStreams.print(text) else { return true }
        complain("the result cannot be written to standard output: \(reason)")
        return false
    }

    /// The requests by outcome are columns only if there are several.
    private static func table(_ reports: [SourceReport], _ configuration: ScanConfiguration) -> String {
        ScanOutput.table(reports, withOutcomes: configuration.outcome == .all, width: Terminal.width)
    }

    private static func nothing(_ configuration: ScanConfiguration) -> String {
        let window = configuration.window == nil ? "in these logs" : "within \(configuration.windowText)"
        let made: String
        if configuration.outcome != .all, let analytic = configuration.selection.analytics.first {
            let threshold = configuration.threshold(of: analytic)
            made = (threshold == 0 ? "" : "more than \(threshold) ") + analytic.outcome.requests
        } else if let threshold = configuration.threshold {
            made =
                (threshold == 0 ? "" : "more than \(threshold) ") + "requests of one outcome"
        } else {
            made =
                "more than \(ScanningThreshold.requests) requests of one outcome, or "
                + "an allowed one,"
        }
        return "No source made \(made) \(window).\n"
    }

    /// Reading waits without an end for a FIFO that no program writes to. Standard input is named if it is a terminal.
    private static func noteWait(for log: StoredLog, _ progress: ScanProgress) {
        guard log.path != "-" || isatty(STDIN_FILENO) == 1 else { return }
        progress.clear()
        complain(
            log.path == "-"
                ? "reading standard input, which is the terminal; end it with Ctrl-D"
                : "\(log.path): waiting for a program that writes to this FIFO")
    }

    /// Requests that are not counted for sources, or not exactly, are named.
    private static func note(_ requests: RequestCollection, _ configuration: ScanConfiguration) {
        let filtered = requests.filteredRequests
        if !filtered.isEmpty {
            let sum = filtered.values.reduce(0, +)
            let entries = filtered.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }
            complain(
                "\(sum) \(sum == 1 ? "request matches" : "requests match") --filter.file and \(sum == 1 ? "is" : "are") "
                    + "not counted; by entry: \(entries.joined(separator: ", "))")
        }
        if requests.inexactEvents > 0 {
            complain(
                "\(requests.inexactEvents) events lack auditID or times to the microsecond; each counts as a request, "
                    + "also if it is read twice")
        }
    }

    /// Names of files can hold any characters too.
    static func complain(_ message: String) {
        StandardStreams.complain(message.withVisibleEscapes)
    }
}

extension Outcome {
    /// The requests in words.
    fileprivate var requests: String {
        switch self {
        case .forbidden: "refused requests without credentials"
        case .unauthorized: "unauthorized requests"
        case .allowed: "allowed requests without credentials"
        }
    }
}
