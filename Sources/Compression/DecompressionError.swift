/// The reason why compressed data cannot be read completely.
public enum DecompressionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The data ends within a member or frame: the file is still being written, or was cut off.
    case truncated
    /// The data violates the format or fails its checksum; with the library's message.
    case corrupt(String)

    /// The reason, in words.
    public var description: String {
        switch self {
        case .truncated: "compressed data ends too early"
        case .corrupt(let reason): "compressed data is corrupt: \(reason)"
        }
    }
}
