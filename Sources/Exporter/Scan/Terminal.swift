import Foundation
import Glibc

/// The terminal that output goes to, if it is one.
enum Terminal {
    /// The number of its columns; `nil` if standard output is no terminal, so that nothing is shortened in a pipe.
    /// `COLUMNS` overrides it.
    static var width: Int? {
        if let text = ProcessInfo.processInfo.environment["COLUMNS"], let columns = Int(text), columns > 0 {
            return columns
        }
        guard isatty(STDOUT_FILENO) == 1 else { return nil }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

/// The line on a terminal that shows how far reading is: bytes, rate, time left. Nothing is shown in a pipe.
struct ScanProgress {
    private let total: Int?
    private let isShown: Bool
    private let start: ContinuousClock.Instant
    private let write: (String) -> Void

    /// - Parameters:
    ///   - total: The bytes to read, as they are stored; `nil` if that is not known, as for standard input.
    ///   - isShown: Whether standard error is a terminal.
    init(
        of total: Int?, isShown: Bool = isatty(STDERR_FILENO) == 1, start: ContinuousClock.Instant = .now,
        write: @escaping (String) -> Void = { FileHandle.standardError.write(Data($0.utf8)) }
    ) {
        self.total = total
        self.isShown = isShown
        self.start = start
        self.write = write
    }

    /// Shows how much was read.
    func show(_ bytes: Int, at now: ContinuousClock.Instant = .now) {
        // \u{1B}[K clears the rest of the line.
        if isShown { write("\r\(text(bytes, after: now - start))\u{1B}[K") }
    }

    /// Removes the line.
    func clear() {
        if isShown { write("\r\u{1B}[K") }
    }

    func text(_ bytes: Int, after elapsed: Duration) -> String {
        let rate = Double(bytes) / max(0.001, elapsed / .seconds(1))
        var text = "Reading: \(Self.size(Double(bytes)))"
        if let total { text += " of \(Self.size(Double(total)))" }
        text += ", \(Self.size(rate))/s"
        guard let total, bytes > 0 else { return text }
        let left = Double(max(0, total - bytes)) / rate
        return text + ", \(PrometheusDuration.text(left.rounded(.up))) left"
    }

    private static func size(_ bytes: Double) -> String {
        let units: [(name: String, bytes: Double)] = [("GiB", 0x1p30), ("MiB", 0x1p20), ("KiB", 0x1p10)]
        guard let unit = units.first(where: { bytes >= $0.bytes }) else { return "\(Int(bytes)) B" }
        return String(format: "%.1f %@", bytes / unit.bytes, unit.name)
    }
}
