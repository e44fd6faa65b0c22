/// A request from its head to the end of its answer; libmicrohttpd hands it over piece by piece.
///
/// It lives as libmicrohttpd's state of the request, and is used by the one thread that serves its connection.
final class RequestInHand {
    let server: ServerContext
    var body: IncomingBody

    init(server: ServerContext) {
        self.server = server
        body = IncomingBody(limit: server.limits.bodySize)
        server.requestBegan()
    }

    deinit {
        server.requestEnded()
    }
}
