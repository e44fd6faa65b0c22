/// Lines that were written and can never be read.
public struct LogLoss: Sendable, Hashable {
    /// Under which path the log is followed.
    public var path: String
    /// How far it had been read.
    public var offset: Int
    /// How many bytes behind that are known to have been there; there may have been more.
    public var knownBytes: Int
    /// What happened to them, for people.
    public var reason: String

    /// A loss.
    public init(path: String, offset: Int, knownBytes: Int, reason: String) {
        self.path = path
        self.offset = offset
        self.knownBytes = knownBytes
        self.reason = reason
    }
}
