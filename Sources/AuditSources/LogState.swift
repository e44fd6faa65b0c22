/// The condition of a log that is named on the command line.
public struct LogState: Sendable, Hashable {
    /// The path or the glob as it was given.
    public var log: String
    /// Why it cannot be read, for people; `nil` while it can.
    public var problem: String?
    /// Bytes in it that were not read yet.
    public var unreadBytes: Int
    /// Failed reads since the start.
    public var readErrors: UInt64
    /// Truncations in place since the start.
    public var truncations: UInt64

    /// A log that can be read, unless a problem is given.
    public init(
        log: String, problem: String? = nil, unreadBytes: Int = 0, readErrors: UInt64 = 0, truncations: UInt64 = 0
    ) {
        self.log = log
        self.problem = problem
        self.unreadBytes = unreadBytes
        self.readErrors = readErrors
        self.truncations = truncations
    }
}
