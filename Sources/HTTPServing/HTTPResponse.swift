import CMicroHTTPD
import Compression
import Synchronization

/// A response to a client.
public struct HTTPResponse: Sendable, Hashable {
    /// The status code.
    public var status: Int
    /// Names and values. The server itself adds `Content-Length`, `Content-Encoding`, `Date` and
    /// `Vary: Accept-Encoding`. A field that HTTP cannot transport (a line break in its value) is omitted.
    public var headers: [String: String]
    /// The body, not compressed.
    public var body: [UInt8] {
        get { content.plain }
        set { content = ResponseBody([BodyPart(newValue)]) }
    }

    /// Shared by the copies of a response.
    private(set) var content: ResponseBody

    /// A response. If several clients get it, it is compressed and kept in memory once.
    public init(status: Int = 200, headers: [String: String] = [:], body: [UInt8]) {
        self.init(status: status, headers: headers, parts: [BodyPart(body)])
    }

    /// A response with a body of parts, one after the other, which other responses may share.
    public init(status: Int = 200, headers: [String: String] = [:], parts: [BodyPart]) {
        self.status = status
        self.headers = headers
        content = ResponseBody(parts)
    }

    /// Whether they have the same content.
    public static func == (one: HTTPResponse, other: HTTPResponse) -> Bool {
        one.status == other.status && one.headers == other.headers && one.body == other.body
    }

    /// Hashes the properties that `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(status)
        hasher.combine(headers)
        hasher.combine(body)
    }

    /// Default header fields of every response: a browser does not guess its type, and loads and runs nothing for it.
    static let safeHeaders = [
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
    ]

    /// Plain text.
    public static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: Array(text.utf8))
    }

    /// A page that loads nothing and runs no scripts.
    public static func html(_ text: String, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status,
            headers: [
                "Content-Type": "text/html; charset=utf-8",
                "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
                "X-Content-Type-Options": "nosniff",
            ], body: Array(text.utf8))
    }
}

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
    private let count: Int
    private let compressed = Mutex<SentBytes?>(nil)

    init(_ parts: [BodyPart]) {
        self.parts = parts
        count = parts.reduce(0) { $0 + $1.bytes.count }
    }

    var plain: [UInt8] {
        parts.count == 1 ? parts[0].bytes : parts.flatMap(\.bytes)
    }

    var isWorthCompressing: Bool { count >= Self.smallestCompressed }

    /// The bytes as they are sent.
    ///
    /// - Parameter compressed: Whether they are compressed with gzip.
    func bytes(compressed: Bool) -> SentBytes {
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

/// The bytes of a response, as the pieces from which libmicrohttpd reads them. Other responses may share the pieces;
/// the whole is never copied.
struct SentBytes: Sendable {
    // Bytes that are handed to the socket at once. Each response that is being sent has a buffer of at most this size.
    private static let blockSize = 128 << 10

    /// The total size of the pieces in bytes.
    let count: Int
    private let pieces: [[UInt8]]

    init(_ pieces: [[UInt8]]) {
        self.pieces = pieces
        count = pieces.reduce(0) { $0 + $1.count }
    }

    /// A libmicrohttpd response with these bytes, for one client; `nil` if there is not enough memory.
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

/// Reads the pieces of one client's response. libmicrohttpd reads each response once, in order, on one thread at a
/// time.
private final class PieceReader {
    private var rest: ArraySlice<[UInt8]>
    private var offset = 0

    init(_ pieces: [[UInt8]]) {
        rest = pieces[...]
    }

    /// Copies the next bytes into the block.
    ///
    /// - Returns: The number of bytes written, or libmicrohttpd's end-of-stream code, -1.
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
