import CMicroHTTPD
import Synchronization

/// A request from its head to the end of its response. libmicrohttpd delivers it piece by piece.
///
/// libmicrohttpd holds it as the state of the request. Only the thread that serves the connection uses it.
final class RequestInHand {
    enum Stage {
        /// The connection waits for the decision whether the request is admitted; its body has not been received.
        case verifying(PendingResponse)
        case takingBody
        /// The connection waits for the handler.
        case handling(PendingResponse)
    }

    let server: ServerContext
    var body: IncomingBody
    var stage = Stage.takingBody
    var acceptsGzip = false
    var isHead = false

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

/// The response, or the decision, that a suspended connection waits for.
final class PendingResponse: Sendable {
    /// The result of the wait.
    enum Outcome: Sendable {
        /// The request is admitted; there is no response yet.
        case goOn
        case respond(HTTPResponse)
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
/// A connection is removed either by its handler's task or by the stop of the server. Both set the response and resume
/// the connection under one lock, so each connection is resumed once, and none after the server has stopped.
final class SuspendedConnections: Sendable {
    private struct Waiting {
        let connection: ConnectionReference
        let response: PendingResponse
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
    /// - Returns: The response if the server is stopping; then the connection is not suspended.
    func suspend(
        _ connection: OpaquePointer, until response: PendingResponse,
        work: @escaping @Sendable () async -> PendingResponse.Outcome
    ) -> HTTPResponse? {
        let connection = ConnectionReference(pointer: connection)
        return state.withLock { state in
            guard !state.isClosed else { return Self.stopping }
            MHD_suspend_connection(connection.pointer)
            let task = Task {
                let outcome = await work()
                self.resume(response, with: outcome)
            }
            state.waiting[ObjectIdentifier(response)] = Waiting(connection: connection, response: response, task: task)
            return nil
        }
    }

    /// Responds on all suspended connections; from now on none is suspended.
    ///
    /// - Returns: Whether any was suspended.
    func close() -> Bool {
        let abandoned = state.withLock { state in
            state.isClosed = true
            let abandoned = Array(state.waiting.values)
            for waiting in abandoned { Self.resume(waiting, with: .respond(Self.stopping)) }
            state.waiting = [:]
            return abandoned.map(\.task)
        }
        for task in abandoned { task.cancel() }
        return !abandoned.isEmpty
    }

    private func resume(_ response: PendingResponse, with outcome: PendingResponse.Outcome) {
        state.withLock { state in
            guard let waiting = state.waiting.removeValue(forKey: ObjectIdentifier(response)) else { return }
            Self.resume(waiting, with: outcome)
        }
    }

    private static func resume(_ waiting: Waiting, with outcome: PendingResponse.Outcome) {
        waiting.response.set(outcome)
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
    var headers: [(name: String, value: String)] { values(.HEADER_KIND) }

    /// The parameters of the query. libmicrohttpd has replaced each `+` by a space.
    var query: HTTPQuery { HTTPQuery(escaped: values(.GET_ARGUMENT_KIND)) }

    private func values(_ kind: MHD_ValueKind) -> [(name: String, value: String)] {
        final class Collected {
            var values: [(name: String, value: String)] = []
        }
        let collected = Collected()
        MHD_get_connection_values(
            pointer, kind,
            { collected, _, name, value in
                guard let collected, let name else { return .NO }
                // A value may be any bytes; those that are not UTF-8 become U+FFFD.
                Unmanaged<Collected>.fromOpaque(collected).takeUnretainedValue().values
                    .append((String(cString: name), value.map { String(cString: $0) } ?? ""))
                return .YES
            }, Unmanaged.passUnretained(collected).toOpaque())
        return collected.values
    }

    /// Queues the response. For HEAD libmicrohttpd omits the body and sends its length, if it is known.
    ///
    /// - Parameters:
    ///   - isCompressed: Whether `body` is compressed.
    ///   - suspended: Waits for the pieces of a stream.
    ///   - onPiece: Called with the size of each piece of a stream that is about to be sent.
    func send(
        _ response: HTTPResponse, _ body: SentBytes, isCompressed: Bool, _ suspended: SuspendedConnections,
        onPiece: @escaping (Int) -> Void
    ) -> MHD_Result {
        let queued = body.response(onPiece) { [pointer] work in
            let refusal = suspended.suspend(pointer, until: PendingResponse()) {
                await work()
                return .goOn
            }
            return refusal == nil
        }
        guard let queued else { return .NO }
        defer { MHD_destroy_response(queued) }
        for (name, value) in response.headers.sorted(by: { $0.key < $1.key }) {
            MHD_add_response_header(queued, name, value)
        }
        if response.content.isWorthCompressing {
            MHD_add_response_header(queued, "Vary", "Accept-Encoding")
            if isCompressed { MHD_add_response_header(queued, "Content-Encoding", "gzip") }
        }
        return MHD_queue_response(pointer, UInt32(response.status), queued)
    }
}
