import Compression
import Synchronization

/// A part of a response's body. Responses with a part in common share its memory and the work of making and compressing
/// it.
///
/// ```swift
/// let unchanged = BodyPart { Array("a long text".utf8) }
/// let first = HTTPResponse(parts: [unchanged, BodyPart(Array("1".utf8))])
/// let second = HTTPResponse(parts: [unchanged, BodyPart(Array("2".utf8))])
/// ```
public final class BodyPart: Sendable {
    /// The uses of the compressed bytes, one after the other, after which the plain ones are forgotten.
    private static let patience = 4

    private enum Content: Sendable {
        case bytes([UInt8])
        case made(@Sendable () -> [UInt8])
    }

    private struct Kept {
        var plain: [UInt8]?
        var compressed: GzipPart?
        // Since the plain bytes were last used.
        var compressedUses = 0
    }

    private let content: Content
    private let kept: Mutex<Kept>

    /// A part with these bytes, not compressed.
    public init(_ bytes: [UInt8]) {
        content = .bytes(bytes)
        kept = Mutex(Kept())
    }

    /// A part whose bytes are made when they are needed. In memory is what clients get: the compressed bytes, or the plain
    /// ones while a client reads these.
    ///
    /// - Parameters:
    ///   - other: A part with the same bytes, which need not be made again if they were made there.
    ///   - make: Returns the bytes, always the same ones, soon: it runs on a thread of the server.
    public init(sameAs other: BodyPart? = nil, _ make: @escaping @Sendable () -> [UInt8]) {
        content = .made(make)
        kept = Mutex(other?.kept.withLock(\.self) ?? Kept())
    }

    /// The number of bytes; `nil` before they are made.
    var knownCount: Int? {
        if case .bytes(let bytes) = content { bytes.count } else { nil }
    }

    /// The bytes, not compressed. Two threads may make them at the same time.
    var bytes: [UInt8] {
        switch content {
        case .bytes(let bytes): return bytes
        case .made(let make):
            let known = kept.withLock { kept in
                kept.compressedUses = 0
                return kept.plain
            }
            if let known { return known }
            let made = make()
            kept.withLock { $0.plain = made }
            return made
        }
    }

    /// Two threads may compress the part at the same time; the results are equal.
    fileprivate func compressed(with compressor: inout GzipPartCompressor) -> GzipPart {
        let (made, plain) = kept.withLock { kept in
            kept.compressedUses += 1
            if kept.compressedUses >= Self.patience { kept.plain = nil }
            return (kept.compressed, kept.plain)
        }
        if let made { return made }
        let part =
            switch content {
            case .bytes(let bytes): compressor.compress(bytes)
            case .made(let make): compressor.compress(plain ?? make())
            }
        kept.withLock { $0.compressed = part }
        return part
    }
}

/// The body of a response, plain and compressed. The compressed form is made on first use, once for all clients that
/// get the same response.
final class ResponseBody: Sendable {
    // Compressing a smaller body does not save enough to be worth the work.
    private static let smallestCompressed = 1025

    private let parts: [BodyPart]
    // The size in bytes, as far as it is known; of a stream the memory that it keeps.
    private let count: Int
    // `nil` if the body consists of parts.
    private let stream: (any Sequence<[UInt8]> & Sendable)?
    private let compressed = Mutex<SentBytes?>(nil)

    init(_ parts: [BodyPart]) {
        self.parts = parts
        // A part that is made when it is needed is a large one.
        count = parts.reduce(0) { $0 + ($1.knownCount ?? Self.smallestCompressed) }
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
