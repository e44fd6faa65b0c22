/// A flag that cannot be used as it was given.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The flag, with its dashes.
    public let flag: String
    /// What is wrong, and what to do about it.
    public let reason: String

    /// The flag and the reason.
    public var description: String { "\(flag): \(reason)" }
}
