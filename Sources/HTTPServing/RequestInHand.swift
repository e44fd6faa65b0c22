/// A request from its head to the end of its answer; libmicrohttpd hands it over piece by piece.
///
/// It lives as libmicrohttpd's state of the request, and is used by the one thread that serves its connection.
final class RequestInHand {
    let server: ServerContext
    var body: IncomingBody
    /// The answer for which the connection waits; `nil` before its handler was called.
    var answer: PendingAnswer?
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
