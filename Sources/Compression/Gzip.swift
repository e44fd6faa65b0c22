import CZlib

/// gzip (RFC 1952).
public enum Gzip {
    /// Compresses a whole text at once.
    ///
    /// - Parameter bytes: The text; less than 4 GiB.
    /// - Returns: One gzip member.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        // A window of 15 bits; plus 16 selects gzip's header instead of zlib's. Fast, since it is read only once.
        let started = deflateInit2_(
            &stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { fatalError("out of memory") }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            bytes.withUnsafeBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                // The bound is valid for a single call, so one call always completes the stream.
                let status = deflate(&stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "deflate did not finish within deflateBound: \(status)")
            }
            count = Int(stream.total_out)
        }
    }
}
