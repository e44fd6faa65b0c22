/// A supported compression format.
public enum CompressionFormat: Sendable, Hashable, CaseIterable {
    /// gzip (RFC 1952), as logrotate and the API server write it.
    case gzip
    /// Zstandard (RFC 8878).
    case zstd

    /// The number of bytes at the beginning of a file that identify its format.
    public static let magicLength = 4

    /// The format of a file that begins with these bytes; `nil` if it is not compressed, or in an unsupported format.
    /// The name of the file does not matter, because rotation and copying change it.
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
