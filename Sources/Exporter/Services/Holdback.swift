/// How long nothing is read after a start.
///
/// The alert compares a counter with what it was an hour ago. After a long absence Prometheus knows no such value, and
/// what was counted at once would be taken for old. So the restored counters are shown for a minute first.
struct Holdback: Sendable {
    /// After a shorter absence Prometheus still knows the last value.
    static let absence: Double = 30 * 60
    /// A scrape or more.
    static let length: Duration = .seconds(60)

    /// How long.
    let duration: Duration

    /// - Parameters:
    ///   - lastWritten: When the exporter before wrote last, in seconds since 1970; `nil` where there was none.
    ///   - now: The time, in seconds since 1970.
    init(lastWritten: Double?, now: Double) {
        duration = lastWritten.map { now - $0 > Self.absence } ?? false ? Self.length : .zero
    }

    /// Returns when reading may begin, or the task is cancelled.
    func wait() async {
        guard duration > .zero else { return }
        try? await Task.sleep(for: duration)
    }
}
