import CMicroHTTPD
import Dispatch
import Synchronization

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
    /// - Parameters:
    ///   - onPiece: Called with the size of each piece of a stream that is about to be sent.
    ///   - suspend: Suspends the connection until the work is done; `false` if the server is stopping.
    func response(
        _ onPiece: @escaping (Int) -> Void, suspend: @escaping (_ work: @escaping @Sendable () async -> Void) -> Bool
    ) -> OpaquePointer? {
        let body: any ReadBody =
            count == nil ? StreamReader(pieces, onPiece: onPiece, suspend: suspend) : PieceReader(AnyIterator(pieces))
        let reader = Unmanaged.passRetained(BodyReader(body))
        let response = MHD_create_response_from_callback(
            count.map(UInt64.init) ?? UInt64.max, max(1, min(count ?? .max, Self.blockSize)),
            { reader, _, block, capacity in
                guard let reader, let block else { return Int(MHD_CONTENT_READER_END_WITH_ERROR) }
                return Unmanaged<BodyReader>.fromOpaque(reader).takeUnretainedValue().body
                    .read(into: UnsafeMutableRawBufferPointer(start: block, count: capacity))
            }, reader.toOpaque(), { reader in reader.map { Unmanaged<BodyReader>.fromOpaque($0).release() } })
        if response == nil { reader.release() }
        return response
    }
}

extension AnyIterator {
    /// An iterator of a sequence.
    init(_ sequence: any Sequence<Element>) {
        func begin(_ sequence: some Sequence<Element>) -> AnyIterator { AnyIterator(sequence.makeIterator()) }
        self = begin(sequence)
    }
}

/// The body of one client's response. libmicrohttpd reads each response once, in order, on one thread at a time.
private protocol ReadBody: AnyObject {
    /// Copies the next bytes into the block.
    ///
    /// - Returns: The number of bytes written, or a code of libmicrohttpd: zero if the connection is suspended until there
    ///   are more, -1 at the end, -2 for an error.
    func read(into block: UnsafeMutableRawBufferPointer) -> Int
}

private final class BodyReader {
    let body: any ReadBody

    init(_ body: any ReadBody) {
        self.body = body
    }
}

/// A piece, and how much of it was read.
private struct PartlyRead {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }

    /// Copies as many bytes as there are, or as fit.
    ///
    /// - Returns: Their number.
    mutating func read(into block: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(bytes.count - offset, block.count)
        bytes.withUnsafeBytes { bytes in
            block.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
        }
        offset += count
        return count
    }
}

/// Reads pieces that are in memory.
private final class PieceReader: ReadBody {
    private let pieces: AnyIterator<[UInt8]>
    private var piece = PartlyRead([])

    init(_ pieces: AnyIterator<[UInt8]>) {
        self.pieces = pieces
    }

    func read(into block: UnsafeMutableRawBufferPointer) -> Int {
        var written = 0
        while written < block.count {
            if piece.isAtEnd {
                guard let following = pieces.next() else { break }
                piece = PartlyRead(following)
            }
            written += piece.read(into: UnsafeMutableRawBufferPointer(rebasing: block[written...]))
        }
        return written > 0 || block.isEmpty ? written : Int(MHD_CONTENT_READER_END_OF_STREAM)
    }
}

/// Reads a stream. Its pieces are made elsewhere while the connection is suspended, so that other clients do not wait.
private final class StreamReader: ReadBody {
    private let making: StreamMaking
    private let onPiece: (Int) -> Void
    private let suspend: (_ work: @escaping @Sendable () async -> Void) -> Bool
    private var piece = PartlyRead([])

    init(
        _ pieces: any Sequence<[UInt8]> & Sendable, onPiece: @escaping (Int) -> Void,
        suspend: @escaping (_ work: @escaping @Sendable () async -> Void) -> Bool
    ) {
        making = StreamMaking(pieces)
        self.onPiece = onPiece
        self.suspend = suspend
    }

    func read(into block: UnsafeMutableRawBufferPointer) -> Int {
        while piece.isAtEnd {
            switch making.take() {
            case .piece(let made):
                onPiece(made.count)
                piece = PartlyRead(made)
            case .end: return Int(MHD_CONTENT_READER_END_OF_STREAM)
            case .none:
                return suspend { [making] in await making.makeNext() } ? 0 : Int(MHD_CONTENT_READER_END_WITH_ERROR)
            }
        }
        return piece.read(into: block)
    }
}

/// Makes the pieces of a stream, one when the client has read the one before it.
private final class StreamMaking: Sendable {
    enum Made: Sendable {
        case piece([UInt8])
        case end
    }

    // One piece at a time for all streams. Dispatch gives threads of this class a lower priority, so that a scrape gets the
    // CPU first.
    private static let queue = DispatchQueue(label: "StreamMaking", qos: .background)

    private let pieces: Mutex<AnyIterator<[UInt8]>?>
    private let made = Mutex<Made?>(nil)
    private let stream: any Sequence<[UInt8]> & Sendable

    init(_ stream: any Sequence<[UInt8]> & Sendable) {
        self.stream = stream
        pieces = Mutex(nil)
    }

    /// The piece that was made, once; `nil` if none was.
    func take() -> Made? {
        made.withLock { made in
            defer { made = nil }
            return made
        }
    }

    /// Returns when the next piece is made.
    func makeNext() async {
        await withCheckedContinuation { continuation in
            Self.queue.async {
                let piece = self.pieces.withLock { pieces in
                    let iterator = pieces ?? AnyIterator(self.stream)
                    pieces = iterator
                    return iterator.next()
                }
                self.made.withLock { $0 = piece.map(Made.piece) ?? .end }
                continuation.resume()
            }
        }
    }
}
