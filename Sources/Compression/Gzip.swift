import CZlib

/// gzip (RFC 1952).
public enum Gzip {
    /// Compresses a whole text at once.
    ///
    /// - Parameter bytes: What to compress; less than 4 GiB.
    /// - Returns: One gzip member.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        // 15 bits of window, and 16 for gzip's header instead of zlib's. Fast: it is compressed for one reader.
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
                // The bound holds for one call, so that this cannot end early.
                let status = deflate(&stream, Z_FINISH)
                precondition(status == Z_STREAM_END, "zlib broke its word")
            }
            count = Int(stream.total_out)
        }
    }
}
