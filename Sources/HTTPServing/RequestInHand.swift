import CMicroHTTPD
import Synchronization

/// A request from its head to the end of its answer; libmicrohttpd hands it over piece by piece.
///
/// It lives as libmicrohttpd's state of the request, and is used by the one thread that serves its connection.
final class RequestInHand {
    enum Stage {
        /// The connection waits until it is known whether the request is let in; its body has not been taken.
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

/// What a connection waits for, and is not there yet.
final class PendingAnswer: Sendable {
    /// What the wait came to.
    enum Outcome: Sendable {
        /// There is nothing to answer yet: the request goes its way.
        case goOn
        case answer(HTTPResponse)
    }

    private let outcome = Mutex<Outcome?>(nil)

    /// The outcome, once it is there.
    var current: Outcome? { outcome.withLock { $0 } }

    func set(_ new: Outcome) {
        outcome.withLock { $0 = new }
    }
}

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

/// A connection of libmicrohttpd's, as long as one call of its handler.
struct Connection {
    let pointer: OpaquePointer

    /// Who is at its other end.
    var client: ClientNetwork { ClientNetwork(kae_client_address(pointer)) }

    /// By which it is known to the server's watch.
    var descriptor: Int32 { kae_descriptor(pointer) }

    /// The header fields of the request, in its order.
    var headers: [(name: String, value: String)] {
        final class Collected {
            var headers: [(name: String, value: String)] = []
        }
        let collected = Collected()
        MHD_get_connection_values(
            pointer, .HEADER_KIND,
            { collected, _, name, value in
                guard let collected, let name else { return .NO }
                // A value may be any bytes; what is not UTF-8 becomes U+FFFD.
                Unmanaged<Collected>.fromOpaque(collected).takeUnretainedValue().headers
                    .append((String(cString: name), value.map { String(cString: $0) } ?? ""))
                return .YES
            }, Unmanaged.passUnretained(collected).toOpaque())
        return collected.headers
    }

    /// Queues the answer. For HEAD libmicrohttpd leaves the body out and says how long it would be.
    ///
    /// - Parameter isCompressed: Whether `body` is.
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
