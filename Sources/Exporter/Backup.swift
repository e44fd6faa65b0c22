import Glibc
import StateStore

/// `backup`: copies the state of an exporter, also while the exporter runs.
public enum Backup {
    /// Copies the state, and prints what the copy holds. The call blocks.
    ///
    /// - Parameters:
    ///   - storagePath: The directory of the state.
    ///   - target: A directory that does not exist.
    /// - Throws: The path and the reason if there is no copy. That the result cannot be printed is no error.
    public static func run(storagePath: String, target: String) throws {
        let storagePath = try Configuration.storagePath(storagePath)
        guard !target.isEmpty else {
            throw ConfigurationError(flag: "<directory>", reason: "is empty; give a directory that does not exist")
        }
        // A reader of the result that ends early must not end the copy.
        signal(SIGPIPE, SIG_IGN)
        // The key in the state is secret, and the copy must be usable under any umask.
        umask(0o077)
        let cleanup = SignalCleanup { StateBackup.removePartial(of: target) }
        defer { cleanup.cancel() }
        let text = "\(target): \(description(of: try StateBackup.copy(storagePath, to: target)))"
        if let reason = StandardStreams.print(text + "\n") {
            StandardStreams.complain(
                "the copy is complete; this could not be written to standard output (\(reason)): \(text)")
        }
    }

    private static func description(of summary: StateBackup.Summary) -> String {
        let time = summary.lastCheckpoint.map { "as written at \(StartMessages.time($0))" } ?? "never written to"
        return "\(count(summary.sources, "source")), \(count(summary.logs, "log")), \(time)"
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
