import CMicroHTTPD
import Synchronization

/// The connections whose handlers are still at work. libmicrohttpd leaves such a connection alone, so it stays as long
/// as it is in here, whatever its client does; and libmicrohttpd aborts when it is stopped while there is one.
///
/// Whoever takes a connection out, be it its handler's task or the end of the server, sets the answer and resumes it,
/// under one lock: so each is resumed once, and none after the server has stopped.
final class SuspendedConnections: Sendable {
    private struct Waiting {
        let connection: ConnectionReference
        let answer: PendingAnswer
        let task: Task<Void, Never>
    }

    private struct State {
        var isClosed = false
        var waiting: [ObjectIdentifier: Waiting] = [:]
    }

    /// Unchecked, for libmicrohttpd says that a suspended connection may be resumed from any thread.
    private struct ConnectionReference: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private let state = Mutex(State())

    private static var stopping: HTTPResponse { .text("503 the server is stopping\n", status: 503) }

    /// Suspends a connection until the answer is there; it is called on the connection's own thread, by its handler.
    ///
    /// - Returns: The answer where there is no time left to wait for one.
    func suspend(
        _ connection: OpaquePointer, until answer: PendingAnswer,
        work: @escaping @Sendable () async -> PendingAnswer.Outcome
    ) -> HTTPResponse? {
        let connection = ConnectionReference(pointer: connection)
        return state.withLock { state in
            guard !state.isClosed else { return Self.stopping }
            MHD_suspend_connection(connection.pointer)
            let task = Task {
                let outcome = await work()
                self.resume(answer, with: outcome)
            }
            state.waiting[ObjectIdentifier(answer)] = Waiting(connection: connection, answer: answer, task: task)
            return nil
        }
    }

    /// Answers all that wait, and lets nobody wait any more.
    ///
    /// - Returns: Whether somebody waited.
    func close() -> Bool {
        let abandoned = state.withLock { state in
            state.isClosed = true
            let abandoned = Array(state.waiting.values)
            for waiting in abandoned { Self.resume(waiting, with: .answer(Self.stopping)) }
            state.waiting = [:]
            return abandoned.map(\.task)
        }
        for task in abandoned { task.cancel() }
        return !abandoned.isEmpty
    }

    private func resume(_ answer: PendingAnswer, with outcome: PendingAnswer.Outcome) {
        state.withLock { state in
            guard let waiting = state.waiting.removeValue(forKey: ObjectIdentifier(answer)) else { return }
            Self.resume(waiting, with: outcome)
        }
    }

    private static func resume(_ waiting: Waiting, with outcome: PendingAnswer.Outcome) {
        waiting.answer.set(outcome)
        MHD_resume_connection(waiting.connection.pointer)
    }
}
