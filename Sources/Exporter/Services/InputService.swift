import AuditSources
import ServiceLifecycle

/// Runs an input until the exporter stops. If an input ends earlier, the exporter keeps running, since its counts are
/// still scraped.
struct InputService: Service {
    let input: any AuditInput
    let holdback: Holdback
    /// Takes the batches of the input.
    let deliver: BatchHandler

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await holdback.wait()
            guard !Task.isCancelled else { return }
            try await input.run(deliver)
        }
        try? await gracefulShutdown()
    }
}

/// The time after a start during which inputs are not read.
///
/// The alert compares a counter with its value an hour ago. After a long downtime Prometheus has no such value, and new
/// requests that are counted immediately would look like old ones. So the restored counters are exposed for a minute
/// first.
struct Holdback: Sendable {
    /// The longest downtime, in seconds, after which Prometheus still has the last value.
    static let absence: Double = 30 * 60
    /// The largest correction of the clock, in seconds, that is not taken for a downtime of unknown length.
    static let correction: Double = 60
    /// Long enough for at least one scrape.
    static let length: Duration = .seconds(60)

    /// Zero after a short downtime.
    let duration: Duration

    /// - Parameters:
    ///   - lastWritten: When the state was last written, in seconds since 1970; `nil` for a new state. If it is in
    ///     the future, the clock was set back, and the downtime may have been long.
    ///   - now: Seconds since 1970.
    init(lastWritten: Double?, now: Double) {
        let isShort = lastWritten.map { (-Self.correction...Self.absence).contains(now - $0) } ?? true
        duration = isShort ? .zero : Self.length
    }

    /// Returns when reading may begin, or when the task is cancelled.
    func wait() async {
        guard duration > .zero else { return }
        try? await Task.sleep(for: duration)
    }
}
