/// A line of a log, or an item of a webhook body, that is not a valid audit event.
public struct MalformedEvent: Error, Sendable, Hashable, CustomStringConvertible {
    /// Its offset in bytes from the beginning of the scanned bytes.
    public var offset: Int
    /// The defect, in words.
    public var reason: String

    /// A malformed event at `offset`.
    public init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    /// The reason and the offset.
    public var description: String { "\(reason) at byte \(offset)" }
}
