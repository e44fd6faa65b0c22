import Foundation
import Glibc
import Synchronization

/// On a terminal one line that is updated; otherwise a line now and then.
public final class ProgressLine: Sendable {
    private static let pause: Duration = .seconds(10)

    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    /// A line on standard output.
    public init() {}

    /// Prints permanent text.
    public func say(_ text: String) {
        write(isTerminal ? "\r\u{1b}[K\(text)\n" : "\(text)\n")
    }

    /// Shows the progress.
    public func show(_ text: String) {
        if isTerminal { return write("\r\u{1b}[K\(text)") }
        let isDue = last.withLock { last in
            if let last, .now - last < Self.pause { return false }
            last = .now
            return true
        }
        if isDue { write("\(text)\n") }
    }

    private func write(_ text: String) {
        // A closed pipe is not a reason to exit.
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
}
