import Compression
import Synchronization

/// The body of an answer in the forms in which it is sent. Each is made when it is first asked for, and once for all
/// clients who are given the same answer.
final class AnswerBody: Sendable {
    // Below this, gzip's own frame and the work outweigh what is saved.
    private static let smallestCompressed = 1025

    let plain: [UInt8]
    private let sent = Mutex<(plain: SentBytes?, compressed: SentBytes?)>((nil, nil))

    init(_ plain: [UInt8]) {
        self.plain = plain
    }

    var isWorthCompressing: Bool { plain.count >= Self.smallestCompressed }

    /// The bytes as they go over the wire.
    ///
    /// - Parameter compressed: With gzip.
    func bytes(compressed: Bool) -> SentBytes {
        // Who comes while it is made waits, and does not make it again.
        sent.withLock { sent in
            if let made = compressed ? sent.compressed : sent.plain { return made }
            let made = SentBytes(compressed ? Gzip.compress(plain) : plain)
            if compressed { sent.compressed = made } else { sent.plain = made }
            return made
        }
    }
}
