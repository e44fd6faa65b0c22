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
    /// The outcome; the raw value is the exit status of the process.
    public enum Outcome: Int32, Sendable {
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
    public static func run(_ options: ScanOptions) throws(ConfigurationError) -> Outcome {
        let configuration = try ScanConfiguration(options, at: Date.now.timeIntervalSince1970)
        guard let (requests, isComplete) = read(configuration) else { return .failed }
        let reports = reports(on: requests, configuration)
        guard print(reports, configuration), isComplete else { return .failed }
        return reports.isEmpty ? .nothingFound : .found
    }

    /// Reads all logs, and prints on standard error what is wrong with them. The call blocks.
    ///
    /// - Returns: The requests, and whether all inputs could be read; `nil` if no audit event was found.
    static func read(_ configuration: ScanConfiguration) -> (requests: RequestCollection, isComplete: Bool)? {
        let (logs, problems) = StoredLog.find(configuration.files)
        // The problems of the arguments come before a long read.
        for problem in problems { complain("\(problem)") }
        guard !logs.isEmpty else { return nil }

        let sizes = logs.map(\.size)
        let progress = ScanProgress(of: sizes.contains(nil) ? nil : sizes.compactMap(\.self).reduce(0, +))
        let reading = ParallelReading(logs, selection: configuration.selection)
        var waitedFor: Set<StoredLog> = []
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
        return (result.requests, isComplete)
    }

    /// The sources over the threshold: those with the most requests first, then by address.
    static func reports(on requests: RequestCollection, _ configuration: ScanConfiguration) -> [SourceReport] {
        requests.sources(within: configuration.window).filter { $0.count > configuration.threshold }.map { source in
            guard case .address(let address) = source.source.address else {
                return SourceReport(source, at: .unknown)
            }
            return SourceReport(source, at: configuration.locations?.location(of: address) ?? .unknown)
        }
    }

    /// - Returns: Whether standard output took the text; a full disk does not.
    private static func print(_ reports: [SourceReport], _ configuration: ScanConfiguration) -> Bool {
        let text =
            switch configuration.format {
            case .table: reports.isEmpty ? nothing(configuration) : ScanOutput.table(reports, width: Terminal.width)
            case .json: ScanOutput.json(reports)
            case .csv: ScanOutput.csv(reports)
            }
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
            return true
        } catch {
            // Foundation's own text names no cause.
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
            let code = Int32(cause.code)
            let isSystemError = cause.domain == NSPOSIXErrorDomain
            // If it was closed at the start, its number can be that of an event descriptor, which takes no text.
            let isClosed = isSystemError && (code == EBADF || code == EINVAL)
            let text =
                isClosed ? "it is closed" : isSystemError ? String(cString: strerror(code)).lowercased() : "\(error)"
            complain("the result cannot be written to standard output: \(text)")
            return false
        }
    }

    private static func nothing(_ configuration: ScanConfiguration) -> String {
        let window = configuration.window == nil ? "in these logs" : "within \(configuration.windowText)"
        return "No source made more than \(configuration.threshold) refused requests without credentials \(window).\n"
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
        if filtered > 0 { complain("\(filtered) requests match --filter.file and are not counted") }
        if requests.inexactEvents > 0 {
            complain(
                "\(requests.inexactEvents) events lack auditID or times to the microsecond; each counts as a request, "
                    + "also if it is read twice")
        }
    }

    /// Names of files can hold any characters too.
    static func complain(_ message: String) {
        FileHandle.standardError.write(Data("kube-audit-exporter: \(message.withVisibleEscapes)\n".utf8))
    }
}
