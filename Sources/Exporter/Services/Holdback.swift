/// How long nothing is read after a start.
///
/// The alert compares a counter with its value an hour ago. After a long absence Prometheus has no such value, and
/// would take requests that are counted at once for old ones. So the restored counters are shown for a minute first.
struct Holdback: Sendable {
    /// After a shorter absence Prometheus still has the last value.
    static let absence: Double = 30 * 60
    /// A clock that was corrected by less is no reason to doubt the absence.
    static let correction: Double = 60
    /// At least one scrape.
    static let length: Duration = .seconds(60)

    /// How long.
    let duration: Duration

    /// - Parameters:
    ///   - lastWritten: When the state was last written, in seconds since 1970; `nil` for a new state. In the future
    ///     the clock has been set back, and the absence may have been long.
    ///   - now: Seconds since 1970.
    init(lastWritten: Double?, now: Double) {
        let isShort = lastWritten.map { (-Self.correction...Self.absence).contains(now - $0) } ?? true
        duration = isShort ? .zero : Self.length
    }

    /// Returns when reading may begin, or the task is cancelled.
    func wait() async {
        guard duration > .zero else { return }
        try? await Task.sleep(for: duration)
    }
}
