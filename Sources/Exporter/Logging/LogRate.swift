/// Lets so many lines of one kind into the log a minute, and counts the others.
///
/// Whoever writes into the audit log must not be able to fill the disk with what is said about it.
struct LogRate {
    private static let window: Duration = .seconds(60)

    private let limit: Int
    private var windowStart: ContinuousClock.Instant?
    private var count = 0
    private var suppressed = 0

    /// - Parameter limit: How many lines a minute.
    init(limit: Int) {
        self.limit = limit
    }

    /// Asks for a line.
    ///
    /// - Returns: Whether it may be written; if so, how many were not since the last one that was.
    mutating func admit(at now: ContinuousClock.Instant = .now) -> (isAdmitted: Bool, suppressed: Int) {
        if windowStart.map({ now - $0 >= Self.window }) ?? true {
            windowStart = now
            count = 0
        }
        count += 1
        guard count <= limit else {
            suppressed += 1
            return (false, 0)
        }
        defer { suppressed = 0 }
        return (true, suppressed)
    }
}
