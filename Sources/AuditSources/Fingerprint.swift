public import AuditEvents

/// A hash of the last bytes before a read position, by which it is known again whether a file still holds, at that
/// place, what was read there.
///
/// The last bytes and not the first ones of the file: a line begins with what a client chose (its `Audit-ID`, its
/// request's URI), so that two logs can be made to begin alike, and ends with times to the microsecond.
public struct Fingerprint: Sendable, Hashable, Codable {
    /// As many bytes are hashed at most.
    public static let limit = 1024

    /// How many bytes are hashed.
    public let length: Int
    /// Their hash. Its key is no secret, since who would forge it cannot know the bytes.
    public let digest: SipHash128.Digest

    /// A fingerprint as it was kept.
    public init(length: Int, digest: SipHash128.Digest) {
        self.length = length
        self.digest = digest
    }

    /// Of the last `limit` of these bytes.
    public init(of bytes: some BidirectionalCollection<UInt8>) {
        let bytes = Array(bytes.suffix(Self.limit))
        var hash = SipHash128(key: SipHash128.Key(first: 0, second: 0))
        hash.combine(bytes: bytes.span.bytes)
        length = bytes.count
        digest = hash.digest()
    }
}
