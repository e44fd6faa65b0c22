import CMicroHTTPD
import Glibc

// Callbacks of libmicrohttpd, on its threads. Free functions, because a closure could inherit an actor.

/// Called once for the head of a request, then for each piece of its body, then at its end.
func handleAccess(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, target: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, upload: UnsafePointer<CChar>?,
    uploadSize: UnsafeMutablePointer<Int>?, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection = connection.map(Connection.init), let target, let method, let uploadSize,
        let state
    else { return .NO }
    guard let pending = state.pointee.map({ Unmanaged<RequestInHand>.fromOpaque($0).takeUnretainedValue() }) else {
        let server = Unmanaged<ServerContext>.fromOpaque(context).takeUnretainedValue()
        let pending = RequestInHand(server: server)
        state.pointee = Unmanaged.passRetained(pending).toOpaque()
        return begin(pending, on: connection)
    }
    switch pending.stage {
    case .verifying(let verdict):
        // The second call for the head. While the decision is pending there is nothing to do.
        guard let outcome = verdict.current else { return .YES }
        pending.server.watch.enter(.receiving, on: connection.descriptor)
        if case .respond(let refusal) = outcome { pending.body.turnAway(refusal) }
        return takeBody(of: pending, on: connection)
    case .handling(let awaited):
        guard case .respond(let response)? = awaited.current else { return .YES }
        return finish(pending, on: connection, with: response)
    case .takingBody: break
    }
    if uploadSize.pointee > 0 {
        let piece = UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee)
        uploadSize.pointee = 0
        pending.server.watch.received(piece.count, on: connection.descriptor)
        return pending.body.append(piece) == .goOn ? .YES : .NO
    }
    let headers = connection.headers
    let path = Result { () throws(RequestTarget.Refusal) in
        try RequestTarget.path(of: UnsafeRawBufferPointer(start: target, count: strlen(target)))
    }
    let request = HTTPRequest(
        method: String(cString: method), path: (try? path.get()) ?? "", query: connection.query, headers: headers,
        body: pending.body.bytes)
    pending.acceptsGzip = AcceptEncodingHeader(request.header("Accept-Encoding")).acceptsGzip
    pending.isHead = request.method == "HEAD"
    if let refusal = pending.body.refusal {
        return finish(pending, on: connection, with: refusal)
    }
    if case .failure(let refusal) = path {
        return finish(pending, on: connection, with: .text("400 \(refusal.reason)\n", status: 400))
    }
    pending.server.watch.enter(.handling, on: connection.descriptor)
    switch pending.server.routes.outcome(of: request) {
    case .ready(let response):
        return finish(pending, on: connection, with: response)
    case .later(let work):
        let awaited = PendingResponse()
        pending.stage = .handling(awaited)
        let refusal = pending.server.suspended.suspend(connection.pointer, until: awaited) { .respond(await work()) }
        return refusal.map { finish(pending, on: connection, with: $0) } ?? .YES
    }
}

/// Decides whether a request is admitted. If that takes a while, the connection waits, and no body is received.
private func begin(_ request: RequestInHand, on connection: Connection) -> MHD_Result {
    request.server.watch.enter(.receiving, on: connection.descriptor)
    let fields = HTTPRequest(method: "", path: "", headers: connection.headers)
    switch request.server.policy.admit(authorization: fields.header("Authorization"), from: connection.client) {
    case .admit: break
    case .refuse(let refusal): request.body.turnAway(refusal)
    case .verify(let work):
        let verdict = PendingResponse()
        request.stage = .verifying(verdict)
        request.server.watch.enter(.handling, on: connection.descriptor)
        let refusal = request.server.suspended.suspend(connection.pointer, until: verdict) {
            await work().map { .respond($0) } ?? .goOn
        }
        guard let refusal else { return .YES }
        request.server.watch.enter(.receiving, on: connection.descriptor)
        request.body.turnAway(refusal)
    }
    return takeBody(of: request, on: connection)
}

/// Receives the body, unless it is of no use.
private func takeBody(of request: RequestInHand, on connection: Connection) -> MHD_Result {
    request.stage = .takingBody
    // libmicrohttpd closes the connection if a response is queued before the body was received. So this is done only
    // where it cannot be avoided.
    guard let refusal = RequestHead(headers: connection.headers).announce(to: &request.body) else { return .YES }
    return finish(request, on: connection, with: refusal)
}

private func finish(_ request: RequestInHand, on connection: Connection, with response: HTTPResponse) -> MHD_Result {
    request.body.release()
    request.server.onResponse(response.status)
    var response = response
    response.headers.merge(HTTPResponse.safeHeaders) { own, _ in own }
    request.server.policy.apply(to: &response)
    // libmicrohttpd 0.9.75 sends the last chunk of a stream to HEAD too, which would be the next response's beginning.
    if request.isHead, response.content.isStream { response.headers["Connection"] = "close" }
    let isCompressed = request.acceptsGzip && response.content.isWorthCompressing
    let body = response.content.bytes(compressed: isCompressed)
    let watch = request.server.watch
    let descriptor = connection.descriptor
    watch.enter(.responding(body.memory), on: descriptor)
    return connection.send(response, body, isCompressed: isCompressed, request.server.suspended) {
        watch.sent($0, on: descriptor)
    }
}

/// Called when a request has ended, in whatever way.
func handleCompleted(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, reason: MHD_RequestTerminationCode
) {
    guard let pending = state?.pointee, let connection = connection.map(Connection.init) else { return }
    let request = Unmanaged<RequestInHand>.fromOpaque(pending).takeRetainedValue()
    request.server.watch.enter(.idle, on: connection.descriptor)
    state?.pointee = nil
}

/// Called to resolve percent escapes in place. They are resolved later instead: here `%00` would end the C string, and
/// two different paths would become one.
func leaveEscaped(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, text: UnsafeMutablePointer<CChar>?
) -> Int {
    text.map { strlen($0) } ?? 0
}

/// Called when a connection was accepted, before its handshake, and when it has ended.
func handleConnection(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, code: MHD_ConnectionNotificationCode
) {
    guard let context, let connection = connection.map(Connection.init), let state else { return }
    let server = Unmanaged<ServerContext>.fromOpaque(context).takeUnretainedValue()
    switch code {
    case .CONNECTION_NOTIFY_STARTED:
        server.watch.opened(connection.descriptor, by: connection.client)
        guard let tls = server.tls, let session = kae_tls_session(connection.pointer) else { return }
        let credentials = tls.credentials
        credentials.apply(to: OpaquePointer(session))
        // The session keeps using these credentials after a reload has replaced them.
        state.pointee = Unmanaged.passRetained(credentials).toOpaque()
    default:
        server.watch.closed(connection.descriptor)
        guard let credentials = state.pointee else { return }
        Unmanaged<TLSCredentials>.fromOpaque(credentials).release()
        state.pointee = nil
    }
}
