import CMicroHTTPD

/// Bytes that stay where they are while libmicrohttpd sends them, to as many clients as it likes.
///
/// Unchecked, for nothing changes them after `init`, and they are freed when nobody has them any more.
final class SentBytes: @unchecked Sendable {
    private let bytes: UnsafeMutableRawBufferPointer

    init(_ content: [UInt8]) {
        bytes = .allocate(byteCount: content.count, alignment: 1)
        bytes.copyBytes(from: content)
    }

    deinit {
        bytes.deallocate()
    }

    var count: Int { bytes.count }

    /// An answer of libmicrohttpd's with these bytes, which has them as long as it is there; `nil` without memory.
    func response() -> OpaquePointer? {
        let owner = Unmanaged.passRetained(self)
        let response = MHD_create_response_from_buffer_with_free_callback_cls(
            bytes.count, bytes.baseAddress, { owner in owner.map { Unmanaged<SentBytes>.fromOpaque($0).release() } },
            owner.toOpaque())
        if response == nil { owner.release() }
        return response
    }
}
