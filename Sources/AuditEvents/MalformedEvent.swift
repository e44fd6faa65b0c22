/// A piece of a log, or of a webhook's body, that should have been an audit event and is none.
public struct MalformedEvent: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where it begins, in bytes from the beginning of what was scanned.
    public var offset: Int
    /// What is wrong with it, for people.
    public var reason: String

    /// A piece at `offset` that is no event because of `reason`.
    public init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// The reason and the place.
    public var description: String { "\(reason) at byte \(offset)" }
}
