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
