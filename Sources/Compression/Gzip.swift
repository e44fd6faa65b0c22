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

/// A part of a gzip member, compressed on its own, so that it can be part of other members too.
///
/// ```swift
/// var compressor = GzipPartCompressor()
/// let parts = texts.map { compressor.compress($0) }
/// let member = Gzip.head + parts.flatMap(\.bytes) + Gzip.tail(of: parts)
/// ```
public struct GzipPart: Sendable {
    /// Deflate blocks (RFC 1951) that end at a byte boundary and refer to nothing before them; none is the last of the
    /// member.
    public let bytes: [UInt8]

    fileprivate let checksum: UInt
    fileprivate let plainCount: Int
    // zlib's operator that combines the checksum with that of the bytes before. It depends on the length alone, and takes
    // most of the time; a part is added to many members.
    fileprivate let checksumOperator: UInt
}

/// Compresses parts one after the other with the same memory.
///
/// Unchecked, since its stream is a C pointer: it has one owner.
public struct GzipPartCompressor: ~Copyable, @unchecked Sendable {
    // On the heap, because zlib stores the structure's address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var output: [UInt8] = []

    /// Allocates zlib's working memory, about 300 KiB.
    public init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // A window of 15 bits; negative for deflate without a header. Fast, since each part is read once or twice.
        let started = deflateInit2_(
            stream, Z_BEST_SPEED, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { fatalError("out of memory") }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses a part, less than 4 GiB.
    public mutating func compress(_ bytes: [UInt8]) -> GzipPart {
        deflateReset(stream)
        // The extra bytes are for the empty block that ends the part at a byte boundary.
        let bound = Int(deflateBound(stream, UInt(bytes.count))) + 16
        if output.count < bound { output = [UInt8](repeating: 0, count: bound) }
        let count = bytes.withUnsafeBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(input.count)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                // The output buffer is large enough for one call.
                let status = deflate(stream, Z_SYNC_FLUSH)
                precondition(status == Z_OK || status == Z_BUF_ERROR && input.isEmpty, "deflate failed: \(status)")
                precondition(stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0, "deflate has input left")
                return output.count - Int(stream.pointee.avail_out)
            }
        }
        let checksum = bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) }
        // Copied, because the part is kept and is about a tenth of the reserved buffer.
        return GzipPart(
            bytes: Array(output[..<count]), checksum: checksum, plainCount: bytes.count,
            checksumOperator: crc32_combine_gen(bytes.count))
    }
}

extension Gzip {
    /// The header of a member: no name, no time, fastest compression, unknown operating system.
    public static let head: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]

    /// The end of a member: an empty last block, then checksum and length of all parts.
    public static func tail(of parts: some Sequence<GzipPart>) -> [UInt8] {
        var tail = GzipTail()
        for part in parts { tail.add(part) }
        return tail.bytes
    }
}

/// The end of a member whose parts are not kept.
public struct GzipTail: Sendable {
    private var checksum: UInt = 0
    private var count = 0

    /// The end of a member without parts.
    public init() {}

    /// Adds the next part.
    public mutating func add(_ part: GzipPart) {
        checksum = crc32_combine_op(checksum, part.checksum, part.checksumOperator)
        count += part.plainCount
    }

    /// An empty last block, then checksum and length of all parts.
    public var bytes: [UInt8] {
        let words = [UInt32(truncatingIfNeeded: checksum), UInt32(truncatingIfNeeded: count)]
        return [3, 0] + words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
    }
}

/// Decompresses gzip with zlib.
///
/// Unchecked, because its stream is a C pointer; the pointer has one owner, since this type cannot be copied.
struct GzipStream: ~Copyable, DecompressionStream, @unchecked Sendable {
    // On the heap, because zlib stores the structure's address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var isBetweenMembers = false
    private var hasReadMember = false

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
        if isBetweenMembers, let padding = DecompressionStep(skippingPaddingOf: input) { return padding }
        if isBetweenMembers, let first = input.first, first != 0x1f { return .failed(.notCompressed) }
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
        hasReadMember = hasReadMember || isBetweenMembers
        // The second of the two bytes that begin a member is wrong.
        if status == Z_DATA_ERROR, hasReadMember, stream.pointee.total_in <= 2, stream.pointee.total_out == 0 {
            return .failed(.notCompressed)
        }
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
