/// How a log that is named on the command line fares.
public struct LogState: Sendable, Hashable {
    /// The path or the glob as it was given.
    public var log: String
    /// Why it cannot be read, for people; `nil` while it can.
    public var problem: String?
    /// Bytes that stand in it and were not read yet.
    public var unreadBytes: Int

    /// A state.
    public init(log: String, problem: String? = nil, unreadBytes: Int = 0) {
        self.log = log
        self.problem = problem
        self.unreadBytes = unreadBytes
    }
}
