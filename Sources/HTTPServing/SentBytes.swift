import CMicroHTTPD

/// The bytes of an answer as libmicrohttpd fetches them: in pieces that other answers may share, and that are nowhere
/// copied as a whole.
struct SentBytes: Sendable {
    // As much as is handed to the socket at once; each answer under way has a buffer of this size at most.
    private static let blockSize = 128 << 10

    /// The bytes of all pieces.
    let count: Int
    private let pieces: [[UInt8]]

    init(_ pieces: [[UInt8]]) {
        self.pieces = pieces
        count = pieces.reduce(0) { $0 + $1.count }
    }

    /// A response of libmicrohttpd with these bytes, for one client; `nil` without memory.
    func response() -> OpaquePointer? {
        let reader = Unmanaged.passRetained(PieceReader(pieces))
        let response = MHD_create_response_from_callback(
            UInt64(count), max(1, min(count, Self.blockSize)),
            { reader, _, block, capacity in
                guard let reader, let block else { return Int(MHD_CONTENT_READER_END_WITH_ERROR) }
                return Unmanaged<PieceReader>.fromOpaque(reader).takeUnretainedValue()
                    .read(into: UnsafeMutableRawBufferPointer(start: block, count: capacity))
            }, reader.toOpaque(), { reader in reader.map { Unmanaged<PieceReader>.fromOpaque($0).release() } })
        if response == nil { reader.release() }
        return response
    }
}

/// How far one client's answer has been read. libmicrohttpd reads a response that has one client once, from its
/// beginning to its end, and on one thread at a time.
private final class PieceReader {
    private var rest: ArraySlice<[UInt8]>
    private var offset = 0

    init(_ pieces: [[UInt8]]) {
        rest = pieces[...]
    }

    /// Fills the block as far as there are bytes.
    ///
    /// - Returns: The bytes written; as libmicrohttpd wants it, -1 at the end.
    func read(into block: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        while written < block.count, let piece = rest.first {
            let count = min(piece.count - offset, block.count - written)
            piece.withUnsafeBytes { bytes in
                UnsafeMutableRawBufferPointer(rebasing: block[written..<written + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            }
            written += count
            offset += count
            if offset == piece.count {
                rest = rest.dropFirst()
                offset = 0
            }
        }
        return written > 0 || block.isEmpty ? written : Int(MHD_CONTENT_READER_END_OF_STREAM)
    }
}
