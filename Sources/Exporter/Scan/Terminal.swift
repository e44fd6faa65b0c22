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
        return columns(of: STDOUT_FILENO)
    }

    /// The number of columns of a terminal; `nil` for what is none.
    static func columns(of descriptor: Int32) -> Int? {
        guard isatty(descriptor) == 1 else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

/// The line on a terminal that shows how far reading is: bytes, rate, time left. Nothing is shown in a pipe.
struct ScanProgress {
    private let total: Int?
    private let columns: () -> Int?
    private let start: ContinuousClock.Instant
    private let write: (String) -> Void

    /// - Parameters:
    ///   - total: The bytes to read, as they are stored; `nil` if that is not known, as for standard input.
    ///   - columns: The present width of the terminal; `nil` if standard error is none.
    init(
        of total: Int?, columns: @escaping () -> Int? = { Terminal.columns(of: STDERR_FILENO) },
        start: ContinuousClock.Instant = .now,
        write: @escaping (String) -> Void = { StandardStreams.show($0) }
    ) {
        self.total = total
        self.columns = columns
        self.start = start
        self.write = write
    }

    /// Shows how much was read.
    func show(_ bytes: Int, at now: ContinuousClock.Instant = .now) {
        guard let columns = columns() else { return }
        // A terminal breaks a line that fills it, and then the next one does not replace it.
        let text = text(bytes, after: now - start).first { $0.count < columns } ?? ""
        // \u{1B}[K clears the rest of the line.
        write("\r\(text)\u{1B}[K")
    }

    /// Removes the line.
    func clear() {
        if columns() != nil { write("\r\u{1B}[K") }
    }

    /// The text in forms of decreasing length.
    func text(_ bytes: Int, after elapsed: Duration) -> [String] {
        let rate = Double(bytes) / max(0.001, elapsed / .seconds(1))
        let read = Self.size(Double(bytes))
        let amount = total.map { "\(read) of \(Self.size(Double($0)))" } ?? read
        let speed = "Reading: \(amount), \(Self.size(rate))/s"
        guard let total, bytes > 0 else { return [speed, amount, read] }
        let left = PrometheusDuration.text((Double(max(0, total - bytes)) / rate).rounded(.up)) + " left"
        return ["\(speed), \(left)", "\(amount), \(left)", amount, "\(100 * bytes / max(1, total))%"]
    }

    private static func size(_ bytes: Double) -> String {
        let units: [(name: String, bytes: Double)] = [("GiB", 0x1p30), ("MiB", 0x1p20), ("KiB", 0x1p10)]
        guard let unit = units.first(where: { bytes >= $0.bytes }) else { return "\(Int(bytes)) B" }
        return String(format: "%.1f %@", bytes / unit.bytes, unit.name)
    }
}
