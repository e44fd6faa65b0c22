/// Limits the lines of one kind per minute, and counts the others.
///
/// Clients cause entries in the audit log; they must not be able to fill the disk with messages about them.
struct LogRate {
    private static let window: Duration = .seconds(60)

    private let limit: Int
    private var windowStart: ContinuousClock.Instant?
    private var count = 0
    private var suppressed = 0

    /// - Parameter limit: Maximum number of lines per minute.
    init(limit: Int) {
        self.limit = limit
    }

    /// Requests a line.
    ///
    /// - Returns: Whether it may be written; if so, the number of lines suppressed since the last one.
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
