import Foundation
import Synchronization

/// The rotated logs, and which of them may be removed.
///
/// The last line of each log is of a source that no other log knows. Logs are read in their order and a count is kept
/// together with how far was read; so a log whose last line is counted was read to its end.
final class Backups: Sendable {
    struct Backup: Sendable {
        /// What it was rotated to; `.gz` and `.zst` may stand behind it.
        let url: URL
        let lastSource: CountedSource
        var isCompressing = false
    }

    /// As many of the newest stay.
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

    /// Gives the source of the last line of the log that is rotated next.
    static func lastSource(_ number: Int, network: Int) -> String {
        "10.\(100 + network).\(number / 250).\(number % 250 + 1)"
    }

    func add(_ url: URL, lastSource: CountedSource, isCompressing: Bool) {
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

    /// Those that were read to their end.
    func read(shown: [CountedSource: Int]) -> [Backup] {
        state.withLock { state in
            state.backups.dropLast(Self.kept).filter { !$0.isCompressing && shown[$0.lastSource] != nil }
        }
    }

    /// Removes logs that the exporter is done with.
    func remove(_ backups: [Backup]) {
        for backup in backups {
            for suffix in ["", ".gz", ".zst"] {
                try? FileManager.default.removeItem(atPath: backup.url.path + suffix)
            }
        }
        let removed = Set(backups.map(\.url))
        state.withLock { state in
            state.backups.removeAll { removed.contains($0.url) }
            state.removed += removed.count
        }
    }
}
