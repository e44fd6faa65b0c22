import Compression
import Synchronization

/// A part of an answer's body. Answers with a part in common share its memory and the work of compressing it.
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

    /// Threads that ask at the same time may both compress it; either result is good.
    fileprivate func compressed(with compressor: inout GzipPartCompressor) -> GzipPart {
        if let made = compressed.withLock({ $0 }) { return made }
        let made = compressor.compress(bytes)
        compressed.withLock { $0 = made }
        return made
    }
}

/// The body of an answer, in the forms in which it is sent. The compressed one is made when it is first asked for, and
/// once for all clients that get the same answer.
final class AnswerBody: Sendable {
    // Smaller bodies do not become smaller by enough to be worth the work.
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
    /// - Parameter compressed: With gzip.
    func bytes(compressed: Bool) -> SentBytes {
        guard compressed else { return SentBytes(parts.map(\.bytes)) }
        // Later clients wait until it is made.
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
