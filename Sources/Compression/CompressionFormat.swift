/// How a file can be compressed.
public enum CompressionFormat: Sendable, Hashable, CaseIterable {
    /// gzip (RFC 1952), as logrotate and the API server write it.
    case gzip
    /// Zstandard (RFC 8878).
    case zstd

    /// How many bytes of a file's beginning tell its format.
    public static let magicLength = 4

    /// The format of a file that begins with these bytes; `nil` where it is not compressed, or not in a way that is
    /// read here. A file's name is not asked: rotation and copying change it, and not the content.
    public init?(beginning bytes: some Sequence<UInt8>) {
        let beginning = Array(bytes.prefix(Self.magicLength))
        if beginning.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if beginning.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
            self = .zstd
        } else {
            return nil
        }
    }
}
