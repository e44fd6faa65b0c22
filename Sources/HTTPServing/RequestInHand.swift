import CMicroHTTPD
import Synchronization

/// A request from its head to the end of its answer. libmicrohttpd delivers it piece by piece.
///
/// libmicrohttpd holds it as the state of the request. Only the thread that serves the connection uses it.
final class RequestInHand {
    enum Stage {
        /// The connection waits for the decision whether the request is admitted; its body has not been received.
        case verifying(PendingAnswer)
        case takingBody
        /// The connection waits for the handler.
        case handling(PendingAnswer)
    }

    let server: ServerContext
    var body: IncomingBody
    var stage = Stage.takingBody
    var acceptsGzip = false

    init(server: ServerContext) {
        self.server = server
        body = IncomingBody(limit: server.limits.bodySize, memory: server.bodyMemory)
        server.requestBegan()
    }

    deinit {
        body.release()
        server.requestEnded()
    }
}

/// The answer, or the decision, that a suspended connection waits for.
final class PendingAnswer: Sendable {
    /// The result of the wait.
    enum Outcome: Sendable {
        /// The request is admitted; there is no answer yet.
        case goOn
        case answer(HTTPResponse)
    }

    private let outcome = Mutex<Outcome?>(nil)

    /// The outcome; `nil` until it is known.
    var current: Outcome? { outcome.withLock { $0 } }

    func set(_ new: Outcome) {
        outcome.withLock { $0 = new }
    }
}

/// The connections whose handlers are still at work. libmicrohttpd does not touch a suspended connection, so the
/// connection exists as long as it is listed here, whatever its client does. libmicrohttpd aborts the process if it is
/// stopped while a connection is suspended.
///
/// A connection is removed either by its handler's task or by the stop of the server. Both set the answer and resume the
/// connection under one lock, so each connection is resumed once, and none after the server has stopped.
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

    /// Unchecked, because libmicrohttpd allows any thread to resume a suspended connection.
    private struct ConnectionReference: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private let state = Mutex(State())

    private static var stopping: HTTPResponse { .text("503 the server is stopping\n", status: 503) }

    /// Suspends a connection until the outcome is known. Must be called on the connection's own thread, by its handler.
    ///
    /// - Returns: The answer if the server is stopping; then the connection is not suspended.
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

    /// Answers all suspended connections; from now on none is suspended.
    ///
    /// - Returns: Whether any was suspended.
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

/// A connection of libmicrohttpd; valid during one call of its handler.
struct Connection {
    let pointer: OpaquePointer

    var client: ClientNetwork { ClientNetwork(kae_client_address(pointer)) }

    /// The descriptor, by which `ConnectionWatch` identifies the connection.
    var descriptor: Int32 { kae_descriptor(pointer) }

    /// The header fields of the request, in the order in which they were sent.
    var headers: [(name: String, value: String)] {
        final class Collected {
            var headers: [(name: String, value: String)] = []
        }
        let collected = Collected()
        MHD_get_connection_values(
            pointer, .HEADER_KIND,
            { collected, _, name, value in
                guard let collected, let name else { return .NO }
                // A value may be any bytes; those that are not UTF-8 become U+FFFD.
                Unmanaged<Collected>.fromOpaque(collected).takeUnretainedValue().headers
                    .append((String(cString: name), value.map { String(cString: $0) } ?? ""))
                return .YES
            }, Unmanaged.passUnretained(collected).toOpaque())
        return collected.headers
    }

    /// Queues the answer. For HEAD libmicrohttpd omits the body and sends its length.
    ///
    /// - Parameter isCompressed: Whether `body` is compressed.
    func send(_ response: HTTPResponse, _ body: SentBytes, isCompressed: Bool) -> MHD_Result {
        guard let answer = body.response() else { return .NO }
        defer { MHD_destroy_response(answer) }
        for (name, value) in response.headers.sorted(by: { $0.key < $1.key }) {
            MHD_add_response_header(answer, name, value)
        }
        if response.content.isWorthCompressing {
            MHD_add_response_header(answer, "Vary", "Accept-Encoding")
            if isCompressed { MHD_add_response_header(answer, "Content-Encoding", "gzip") }
        }
        return MHD_queue_response(pointer, UInt32(response.status), answer)
    }
}
