import UnixSignals

/// Does work until it ends, or until SIGINT, SIGTERM or SIGHUP cancels it.
func untilInterrupted<Success: Sendable>(
    _ work: @escaping @Sendable () async throws -> Success
) async -> Result<Success, any Error> {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    let task = Task { try await work() }
    let interruption = Task {
        for await _ in signals { task.cancel() }
    }
    defer { interruption.cancel() }
    return await task.result
}
