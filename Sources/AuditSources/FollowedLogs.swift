/// Follows logs for as long as it runs.
public struct FollowedLogs: Sendable {
    /// Between two rounds of reading: under load, events are taken in by the batch and not one by one.
    static let pause: Duration = .milliseconds(20)
    /// While there is always more to read, the files are looked at after so many batches: one that is rotated away
    /// meanwhile must be opened before it is removed.
    static let batchesBetweenLooks = 32

    private let wakeups: LogWakeups

    /// - Parameter wakeups: Say when to look.
    public init(wakeups: LogWakeups = LogWakeups()) {
        self.wakeups = wakeups
    }

    /// Reads until the task is cancelled.
    ///
    /// - Parameters:
    ///   - follower: What is followed.
    ///   - report: Told how the logs fare, after each round of reading.
    ///   - deliver: Takes what was read.
    /// - Throws: What `deliver` throws.
    public func run(
        _ follower: consuming LogFollower, report: @Sendable ([LogState]) async -> Void, deliver: BatchHandler
    ) async throws {
        for await _ in wakeups.stream {
            follower.look()
            wakeups.watch(follower.directories)
            await report(follower.states)
            var batches = 0
            while !Task.isCancelled, let batch = follower.next() {
                _ = try await deliver(batch)
                batches += 1
                guard batches % Self.batchesBetweenLooks == 0 else { continue }
                follower.look()
                await report(follower.states)
            }
            if batches > 0 { await report(follower.states) }
            if Task.isCancelled { break }
            try? await Task.sleep(for: Self.pause)
        }
    }
}
