import CMicroHTTPD
import Compression

/// A connection of libmicrohttpd's, as long as one call of its handler.
struct Connection {
    let pointer: OpaquePointer

    /// Who is at its other end.
    var client: ClientNetwork { ClientNetwork(kae_client_address(pointer)) }

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
    func send(_ response: HTTPResponse, acceptsGzip: Bool) -> MHD_Result {
        // Below this, gzip's own frame and the work outweigh what is saved.
        let isWorthCompressing = response.body.count > 1024
        let body = isWorthCompressing && acceptsGzip ? Gzip.compress(response.body) : response.body
        let answer = body.withUnsafeBytes { bytes in
            // MUST_COPY reads the bytes and never writes, whatever the parameter's type says.
            MHD_create_response_from_buffer(
                bytes.count, UnsafeMutableRawPointer(mutating: bytes.baseAddress), .RESPMEM_MUST_COPY)
        }
        guard let answer else { return .NO }
        defer { MHD_destroy_response(answer) }
        for (name, value) in response.headers.sorted(by: { $0.key < $1.key }) {
            MHD_add_response_header(answer, name, value)
        }
        if isWorthCompressing {
            MHD_add_response_header(answer, "Vary", "Accept-Encoding")
            if acceptsGzip { MHD_add_response_header(answer, "Content-Encoding", "gzip") }
        }
        return MHD_queue_response(pointer, UInt32(response.status), answer)
    }
}
