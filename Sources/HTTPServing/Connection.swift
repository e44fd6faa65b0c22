import CMicroHTTPD
import Compression
import Glibc

/// A request on its way in: libmicrohttpd hands it over piece by piece.
private final class PendingRequest {
    let server: ServerContext
    var body: [UInt8] = []
    var isTooLarge = false

    init(server: ServerContext) {
        self.server = server
        server.requestBegan()
    }

    deinit {
        server.requestEnded()
    }
}

/// Called by libmicrohttpd once when a request's head is there, then for each piece of its body, then at its end.
func handleAccess(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?, url: UnsafePointer<CChar>?,
    method: UnsafePointer<CChar>?, version: UnsafePointer<CChar>?, upload: UnsafePointer<CChar>?,
    uploadSize: UnsafeMutablePointer<Int>?, state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let context, let connection, let url, let method, let uploadSize, let state else { return .NO }
    guard let pending = state.pointee.map({ Unmanaged<PendingRequest>.fromOpaque($0).takeUnretainedValue() }) else {
        // An answer that is queued already now would cost the connection, so it waits for the request's end.
        let server = Unmanaged<ServerContext>.fromOpaque(context).takeUnretainedValue()
        state.pointee = Unmanaged.passRetained(PendingRequest(server: server)).toOpaque()
        return .YES
    }
    if uploadSize.pointee > 0, let upload {
        let room = pending.server.limits.bodySize - pending.body.count
        if uploadSize.pointee > room {
            pending.isTooLarge = true
            pending.body = []
        } else if !pending.isTooLarge {
            pending.body += UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee)
        }
        uploadSize.pointee = 0
        return .YES
    }
    let request = HTTPRequest(
        method: String(cString: method), path: String(cString: url), headers: headers(of: connection),
        body: pending.body)
    let response =
        pending.isTooLarge
        ? .text("413 the body is longer than \(pending.server.limits.bodySize) bytes\n", status: 413)
        : pending.server.routes.respond(to: request)
    return send(response, to: request, on: connection)
}

/// Called by libmicrohttpd when it is done with a request, however it ended.
func handleCompleted(
    context: UnsafeMutableRawPointer?, connection: OpaquePointer?,
    state: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, reason: MHD_RequestTerminationCode
) {
    guard let pending = state?.pointee else { return }
    Unmanaged<PendingRequest>.fromOpaque(pending).release()
    state?.pointee = nil
}

private func headers(of connection: OpaquePointer) -> [(name: String, value: String)] {
    final class Collected {
        var headers: [(name: String, value: String)] = []
    }
    let collected = Collected()
    MHD_get_connection_values(
        connection, .HEADER_KIND,
        { collected, _, name, value in
            guard let collected, let name else { return .NO }
            Unmanaged<Collected>.fromOpaque(collected).takeUnretainedValue().headers
                .append((String(cString: name), value.map { String(cString: $0) } ?? ""))
            return .YES
        }, Unmanaged.passUnretained(collected).toOpaque())
    return collected.headers
}

private func send(_ response: HTTPResponse, to request: HTTPRequest, on connection: OpaquePointer) -> MHD_Result {
    // Below this, gzip's own frame and the work outweigh what is saved.
    let isWorthCompressing = response.body.count > 1024
    let accepts = AcceptEncodingHeader(request.header("Accept-Encoding")).acceptsGzip
    let body = isWorthCompressing && accepts ? Gzip.compress(response.body) : response.body
    let answer = body.withUnsafeBytes { bytes in
        // MUST_COPY reads the bytes and never writes, whatever the parameter's type says.
        MHD_create_response_from_buffer(
            bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
    }
    guard let answer else { return .NO }
    defer { MHD_destroy_response(answer) }
    for (name, value) in response.headers { MHD_add_response_header(answer, name, value) }
    if isWorthCompressing {
        MHD_add_response_header(answer, "Vary", "Accept-Encoding")
        if accepts { MHD_add_response_header(answer, "Content-Encoding", "gzip") }
    }
    return MHD_queue_response(connection, UInt32(response.status), answer)
}
