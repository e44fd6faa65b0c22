/// Why compressed bytes cannot be read to their end.
public enum DecompressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// They end in the middle: the file is still being written, or was cut off.
    case truncated
    /// They are not what the format allows, or fail its checksum; with the library's words for it.
    case corrupt(String)

    /// The reason, for people.
    public var description: String {
        switch self {
        case .truncated: "compressed data ends too early"
        case .corrupt(let reason): "compressed data is corrupt: \(reason)"
        }
    }
}
