/// Why a database of locations cannot be used.
public struct LocationDatabaseError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it, for people.
    public let reason: String

    /// The file and the reason.
    public var description: String { "\(path): \(reason)" }
}
