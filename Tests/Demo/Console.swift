import Foundation
import Glibc
import Synchronization

/// Output of the demo. On a terminal the last line is a status that is updated; otherwise each status is printed as a
/// line.
final class Console: Sendable {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    private let state = Mutex(State())

    private struct State {
        var status = ""
        var isClosed = false
    }

    /// Standard output is closed.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Prints permanent text.
    func say(_ text: String) {
        state.withLock {
            if isTerminal {
                Self.write("\r\u{1b}[K\(text)\n\($0.status)", &$0)
            } else {
                Self.write("\(text)\n", &$0)
            }
        }
    }

    /// Replaces the status.
    func show(status: String) {
        state.withLock {
            guard status != $0.status else { return }
            $0.status = status
            Self.write(isTerminal ? "\r\u{1b}[K\(status)" : "\(status)\n", &$0)
        }
    }

    /// Removes the status.
    func clearStatus() {
        state.withLock {
            guard !$0.status.isEmpty else { return }
            $0.status = ""
            if isTerminal { Self.write("\r\u{1b}[K", &$0) }
        }
    }

    /// Emphasized text.
    func bold(_ text: String) -> String {
        isTerminal ? "\u{1b}[1m\(text)\u{1b}[0m" : text
    }

    private static func write(_ text: String, _ state: inout State) {
        do {
            try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
        } catch {
            state.isClosed = true
        }
    }
}
