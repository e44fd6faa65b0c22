/// Why state cannot be read or written.
public struct StateStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What sort of trouble it is.
    public enum Kind: Sendable, Hashable {
        /// Another exporter or another program has it open.
        case inUse
        /// The directory, or a file in it, is something else, or may not be read and written.
        case unusable
        /// A newer exporter made it.
        case newer
        /// There is no space left; the same can be written once there is.
        case full
        /// It can be read but not written.
        case readOnly
        /// The database is damaged.
        case damaged
        /// Something else, in SQLite's words.
        case other
    }

    /// What sort of trouble it is.
    public let kind: Kind
    /// The directory or file.
    public let path: String
    /// What is wrong, and what to do about it.
    public let reason: String

    /// The path and the reason.
    public var description: String { "\(path): \(reason)" }
}
