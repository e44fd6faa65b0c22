/// Why a filter file cannot be used.
public struct FilterFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let file: String
    /// The line in it, from 1; `nil` where it is about the whole file.
    public let line: Int?
    /// The entry and the key in it, such as `entry 2 (health checks): networks`; `nil` where it is about none.
    public let place: String?
    /// What is wrong, and what to do about it.
    public let reason: String

    /// File, line, place and reason.
    public var description: String {
        file + (line.map { ":\($0)" } ?? "") + ": " + (place.map { "\($0): " } ?? "") + reason
    }
}
