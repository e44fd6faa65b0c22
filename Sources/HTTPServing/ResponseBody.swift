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
