import CMicroHTTPD
import Compression
import Synchronization

/// A part of a response's body. Responses with a part in common share its memory and the work of compressing it.
///
/// ```swift
/// let unchanged = BodyPart(Array("a long text".utf8))
/// let first = HTTPResponse(parts: [unchanged, BodyPart(Array("1".utf8))])
/// let second = HTTPResponse(parts: [unchanged, BodyPart(Array("2".utf8))])
/// ```
public final class BodyPart: Sendable {
    let bytes: [UInt8]
    private let compressed = Mutex<GzipPart?>(nil)

    /// A part with these bytes, not compressed.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Two threads may compress the part at the same time; the results are equal.
    fileprivate func compressed(with compressor: inout GzipPartCompressor) -> GzipPart {
        if let made = compressed.withLock({ $0 }) { return made }
        let made = compressor.compress(bytes)
        compressed.withLock { $0 = made }
        return made
    }
}

/// The body of a response, plain and compressed. The compressed form is made on first use, once for all clients that
/// get the same response.
final class ResponseBody: Sendable {
    // Compressing a smaller body does not save enough to be worth the work.
    private static let smallestCompressed = 1025

    private let parts: [BodyPart]
    // The size in bytes; of a stream the memory that it keeps.
    private let count: Int
    // `nil` if the body consists of parts.
    private let stream: (any Sequence<[UInt8]> & Sendable)?
    private let compressed = Mutex<SentBytes?>(nil)

    init(_ parts: [BodyPart]) {
        self.parts = parts
        count = parts.reduce(0) { $0 + $1.bytes.count }
        stream = nil
    }

    init(streaming pieces: any Sequence<[UInt8]> & Sendable, holding memory: Int) {
        parts = []
        count = memory
        stream = pieces
    }

    var plain: [UInt8] {
        if let stream { return stream.flatMap(\.self) }
        return parts.count == 1 ? parts[0].bytes : parts.flatMap(\.bytes)
    }

    /// Whether its length is not known.
    var isStream: Bool { stream != nil }

    var isWorthCompressing: Bool { stream != nil || count >= Self.smallestCompressed }

    /// The bytes as they are sent.
    ///
    /// - Parameter compressed: Whether they are compressed with gzip.
    func bytes(compressed: Bool) -> SentBytes {
        if let stream {
            return SentBytes(
                streaming: compressed ? CompressedPieces(plain: stream) : stream, holding: count)
        }
        guard compressed else { return SentBytes(parts.map(\.bytes)) }
        // Other threads wait at the lock until the body is compressed.
        return self.compressed.withLock { made in
            if let made { return made }
            let bytes = compress()
            made = bytes
            return bytes
        }
    }

    private func compress() -> SentBytes {
        var compressor = GzipPartCompressor()
        var compressed: [GzipPart] = []
        compressed.reserveCapacity(parts.count)
        for part in parts { compressed.append(part.compressed(with: &compressor)) }
        return SentBytes([Gzip.head] + compressed.map(\.bytes) + [Gzip.tail(of: compressed)])
    }
}

/// The pieces of a stream, compressed one by one as they are taken.
private struct CompressedPieces: Sequence, Sendable {
    let plain: any Sequence<[UInt8]> & Sendable

    func makeIterator() -> AnyIterator<[UInt8]> {
        let compressing = CompressingIterator(AnyIterator(plain))
        return AnyIterator { compressing.next() }
    }
}

private final class CompressingIterator {
    private let plain: AnyIterator<[UInt8]>
    private var compressor = GzipPartCompressor()
    private var tail: GzipTail? = GzipTail()
    private var hasBegun = false

    init(_ plain: AnyIterator<[UInt8]>) {
        self.plain = plain
    }

    func next() -> [UInt8]? {
        guard hasBegun else {
            hasBegun = true
            return Gzip.head
        }
        guard let piece = plain.next() else {
            defer { tail = nil }
            return tail?.bytes
        }
        let part = compressor.compress(piece)
        tail?.add(part)
        return part.bytes
    }
}

extension AnyIterator {
    /// An iterator of a sequence.
    fileprivate init(_ sequence: any Sequence<Element>) {
        func begin(_ sequence: some Sequence<Element>) -> AnyIterator { AnyIterator(sequence.makeIterator()) }
        self = begin(sequence)
    }
}

/// The bytes of a response, as the pieces from which libmicrohttpd reads them. Other responses may share the pieces;
/// the whole is never copied.
struct SentBytes: Sendable {
    // Bytes that are handed to the socket at once. Each response that is being sent has a buffer of at most this size.
    private static let blockSize = 128 << 10

    /// The memory that a client keeps while it reads, in bytes: the total size of the pieces, or of a stream that of
    /// about one piece and of what it keeps.
    let memory: Int
    // `nil` for a stream.
    private let count: Int?
    private let pieces: any Sequence<[UInt8]> & Sendable

    init(_ pieces: [[UInt8]]) {
        let count = pieces.reduce(0) { $0 + $1.count }
        self.count = count
        memory = count
        self.pieces = pieces
    }

    init(streaming pieces: any Sequence<[UInt8]> & Sendable, holding memory: Int) {
        count = nil
        self.memory = memory + 2 * Self.blockSize
        self.pieces = pieces
    }

    /// A libmicrohttpd response with these bytes, for one client; `nil` if there is not enough memory.
    ///
    /// - Parameter onPiece: Called with the size of each piece of a stream that is about to be sent.
    func response(_ onPiece: @escaping (Int) -> Void) -> OpaquePointer? {
        let reader = Unmanaged.passRetained(
            PieceReader(AnyIterator(pieces), onPiece: count == nil ? onPiece : { _ in }))
        let response = MHD_create_response_from_callback(
            count.map(UInt64.init) ?? UInt64.max, max(1, min(count ?? .max, Self.blockSize)),
            { reader, _, block, capacity in
                guard let reader, let block else { return Int(MHD_CONTENT_READER_END_WITH_ERROR) }
                return Unmanaged<PieceReader>.fromOpaque(reader).takeUnretainedValue()
                    .read(into: UnsafeMutableRawBufferPointer(start: block, count: capacity))
            }, reader.toOpaque(), { reader in reader.map { Unmanaged<PieceReader>.fromOpaque($0).release() } })
        if response == nil { reader.release() }
        return response
    }
}

/// Reads the pieces of one client's response. libmicrohttpd reads each response once, in order, on one thread at a
/// time.
private final class PieceReader {
    private let pieces: AnyIterator<[UInt8]>
    private let onPiece: (Int) -> Void
    // `nil` before the first piece and after the last one.
    private var piece: [UInt8]?
    private var offset = 0

    init(_ pieces: AnyIterator<[UInt8]>, onPiece: @escaping (Int) -> Void) {
        self.pieces = pieces
        self.onPiece = onPiece
    }

    /// Copies the next bytes into the block.
    ///
    /// - Returns: The number of bytes written, or libmicrohttpd's end-of-stream code, -1.
    func read(into block: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        while written < block.count, let piece = current() {
            let count = min(piece.count - offset, block.count - written)
            piece.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: block[written..<written + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            }
            written += count
            offset += count
        }
        return written > 0 || block.isEmpty ? written : Int(MHD_CONTENT_READER_END_OF_STREAM)
    }

    /// The piece to read from, with bytes left.
    private func current() -> [UInt8]? {
        while piece.map({ offset == $0.count }) ?? true {
            guard let following = pieces.next() else { return nil }
            onPiece(following.count)
            piece = following
            offset = 0
        }
        return piece
    }
}
