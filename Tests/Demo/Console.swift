import Foundation
import Glibc
import Synchronization

/// Where the demo prints to. On a terminal the last line is the status, which changes; elsewhere each status that is
/// printed is a line.
final class Console: Sendable {
    let isTerminal = isatty(STDOUT_FILENO) == 1
    private let state = Mutex(State())

    private struct State {
        var status = ""
        var isClosed = false
    }

    /// Nobody reads any more.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Prints text that stays.
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

    /// Takes the status away.
    func clearStatus() {
        state.withLock {
            guard !$0.status.isEmpty else { return }
            $0.status = ""
            if isTerminal { Self.write("\r\u{1b}[K", &$0) }
        }
    }

    /// What should catch the eye.
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
