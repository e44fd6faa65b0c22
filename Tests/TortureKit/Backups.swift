import Foundation
import Glibc
import Synchronization

/// The rotated logs, and which of them may be removed.
///
/// The last line of each log has a source that no other log contains. Logs are read in order, and a count is stored
/// together with the read position, so a log whose last line is counted was read to its end.
final class Backups: Sendable {
    struct Backup: Sendable {
        /// The rotated file name; `.gz` or `.zst` may be appended to it.
        var url: URL
        /// The source of its last line; `nil` if it proves nothing.
        let lastSource: CountedSource?
        var isCompressing = false
    }

    /// The number of newest logs to keep.
    private static let kept = 5

    private struct State {
        var backups: [Backup] = []
        var rotations = 0
        var compressed = 0
        var removed = 0
    }

    private let state = Mutex(State())

    var rotations: Int { state.withLock { $0.rotations } }
    var compressed: Int { state.withLock { $0.compressed } }
    var removed: Int { state.withLock { $0.removed } }

    /// Returns the source for the last line of the log that is rotated next.
    static func lastSource(_ number: Int, network: Int) -> String {
        "10.\(100 + network).\(number / 250).\(number % 250 + 1)"
    }

    /// Frees `NAME.1`, as logrotate does: each `NAME.N` becomes `NAME.N+1`, oldest first.
    ///
    /// - Returns: Whether it was done; not while one of them is being compressed.
    func shift(_ log: URL) throws -> Bool {
        try state.withLock { state in
            let directory = log.deletingLastPathComponent()
            let prefix = log.lastPathComponent + "."
            let own = state.backups.indices.filter { state.backups[$0].url.lastPathComponent.hasPrefix(prefix) }
            guard !own.contains(where: { state.backups[$0].isCompressing }) else { return false }
            // The first added is the oldest.
            for index in own {
                let former = state.backups[index].url
                guard let number = Int(former.lastPathComponent.dropFirst(prefix.count)) else { continue }
                let url = directory.appending(path: "\(prefix)\(number + 1)")
                for suffix in ["", ".gz", ".zst"] where access(former.path + suffix, F_OK) == 0 {
                    try FileManager.default.moveItem(atPath: former.path + suffix, toPath: url.path + suffix)
                }
                state.backups[index].url = url
            }
            return true
        }
    }

    func add(_ url: URL, lastSource: CountedSource?, isCompressing: Bool) {
        state.withLock {
            $0.rotations += 1
            $0.backups.append(Backup(url: url, lastSource: lastSource, isCompressing: isCompressing))
        }
    }

    func noteCompressed(_ url: URL) {
        state.withLock { state in
            state.compressed += 1
            for index in state.backups.indices where state.backups[index].url == url {
                state.backups[index].isCompressing = false
            }
        }
    }

    /// The logs that were read to their end.
    func read(shown: [CountedSource: Int]) -> [Backup] {
        state.withLock { state in
            state.backups.dropLast(Self.kept).filter { backup in
                !backup.isCompressing && backup.lastSource.map { shown[$0] != nil } ?? false
            }
        }
    }

    /// Removes logs that the exporter has read.
    func remove(_ backups: [Backup]) {
        let sources = Set(backups.compactMap(\.lastSource))
        state.withLock { state in
            for backup in state.backups where backup.lastSource.map(sources.contains) ?? false {
                for suffix in ["", ".gz", ".zst"] {
                    try? FileManager.default.removeItem(atPath: backup.url.path + suffix)
                }
                state.removed += 1
            }
            state.backups.removeAll { $0.lastSource.map(sources.contains) ?? false }
        }
    }
}
