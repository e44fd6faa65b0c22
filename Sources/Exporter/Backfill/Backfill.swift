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
/// All requests are in memory, about 150 bytes each, because logs are not in the order of time. The text is not.
public enum Backfill {
    /// Reads the logs and writes the file. What was done is printed on standard error. The call blocks.
    ///
    /// - Returns: Whether all inputs could be read. If not, the file has what could be read.
    /// - Throws: `ConfigurationError` if a flag, or a file that it names, cannot be used.
    public static func run(_ options: BackfillOptions) throws(ConfigurationError) -> Bool {
        let configuration = try BackfillConfiguration(options, at: Date.now.timeIntervalSince1970)
        let file = try OutputFile(configuration.output)
        guard let (requests, isComplete) = Scan.read(configuration.scan) else { return false }
        let history = requests.history
        var text = BackfillText(configuration) { piece throws(ConfigurationError) in try file.write(piece) }
        try text.write(history)
        try file.finish()
        if history.untimedRequests > 0 {
            Scan.complain("\(history.untimedRequests) requests have no time and are left out")
        }
        summarize(text, history, configuration)
        return isComplete
    }

    private static func summarize(
        _ text: BackfillText, _ history: RequestHistory, _ configuration: BackfillConfiguration
    ) {
        let output = configuration.output
        guard let times = text.times else {
            Scan.complain("no refused requests without credentials were found; \(output) has no samples")
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

/// The file that is written, or standard output. A file gets its name when it is complete, so that an existing one is
/// never replaced by a part.
private final class OutputFile {
    private let path: String
    private let partPath: String
    private let handle: FileHandle
    private var isFinished = false

    init(_ path: String) throws(ConfigurationError) {
        self.path = path
        partPath = path + ".part"
        guard path != "-" else {
            handle = .standardOutput
            return
        }
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            throw ConfigurationError(flag: "--output", value: path, reason: "is a directory; give a file in it")
        }
        guard FileManager.default.createFile(atPath: partPath, contents: nil),
            let handle = FileHandle(forWritingAtPath: partPath)
        else {
            let reason = String(cString: strerror(errno)).lowercased()
            throw ConfigurationError(flag: "--output", value: path, reason: "cannot be created: \(reason)")
        }
        self.handle = handle
    }

    deinit {
        if path != "-", !isFinished { try? FileManager.default.removeItem(atPath: partPath) }
    }

    func write(_ piece: [UInt8]) throws(ConfigurationError) {
        do {
            try handle.write(contentsOf: Data(piece))
        } catch {
            throw failure(error)
        }
    }

    func finish() throws(ConfigurationError) {
        guard path != "-" else { return }
        do {
            try handle.close()
        } catch {
            throw failure(error)
        }
        guard rename(partPath, path) == 0 else {
            throw ConfigurationError(
                flag: "--output", value: path,
                reason: "cannot be written: \(String(cString: strerror(errno)).lowercased())")
        }
        isFinished = true
    }

    private func failure(_ error: any Error) -> ConfigurationError {
        ConfigurationError(flag: "--output", value: path, reason: "cannot be written: \(error.localizedDescription)")
    }
}
