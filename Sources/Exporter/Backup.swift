import Foundation
import StateStore

/// `backup`: copies the state of an exporter, also while the exporter runs.
public enum Backup {
    /// Copies the state, and prints what the copy holds. The call blocks.
    ///
    /// - Parameters:
    ///   - storagePath: The directory of the state.
    ///   - target: A directory that does not exist.
    /// - Throws: The path and the reason if there is no copy.
    public static func run(storagePath: String, target: String) throws {
        let summary = try StateBackup.copy(storagePath, to: target)
        let time = summary.lastCheckpoint.map { "as written at \(StartMessages.time($0))" } ?? "never written to"
        let content = "\(count(summary.sources, "source")), \(count(summary.positions, "read position"))"
        let text = "\(target): \(content), \(time)\n"
        try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
