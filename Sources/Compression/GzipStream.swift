import CZlib

/// Decompresses gzip with zlib.
///
/// Unchecked, because its stream is a C pointer; the pointer has one owner, since this type cannot be copied.
struct GzipStream: ~Copyable, DecompressionStream, @unchecked Sendable {
    // On the heap, because zlib stores the structure's address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isBetweenMembers = false

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // A window of 15 bits; plus 16 accepts only gzip's header.
        let started = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { fatalError("out of memory") }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    mutating func step(from input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        -> DecompressionStep
    {
        if isBetweenMembers, !input.isEmpty {
            inflateReset(stream)
            isBetweenMembers = false
        }
        // zlib counts in 32 bits.
        let readable = min(input.count, Int(UInt32.max))
        let writable = min(output.count, Int(UInt32.max))
        stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(readable)
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(writable)
        let status = inflate(stream, Z_NO_FLUSH)
        isBetweenMembers = status == Z_STREAM_END
        return DecompressionStep(
            read: readable - Int(stream.pointee.avail_in), written: writable - Int(stream.pointee.avail_out),
            isAtEnd: isBetweenMembers, failure: failure(for: status))
    }

    private func failure(for status: Int32) -> DecompressionError? {
        switch status {
        // Z_BUF_ERROR: there was no input and no pending output.
        case Z_OK, Z_STREAM_END, Z_BUF_ERROR: nil
        case Z_MEM_ERROR: fatalError("out of memory")
        default: .corrupt(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)")
        }
    }
}
