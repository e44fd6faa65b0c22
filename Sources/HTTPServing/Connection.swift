import CMicroHTTPD

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
