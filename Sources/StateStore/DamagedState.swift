/// A database that could not be read, and where it lies now.
public struct DamagedState: Sendable, Hashable {
    /// Where it was moved to; its `-wal` lies beside it, where there was one.
    public let path: String
    /// What is wrong with it, for people.
    public let reason: String
}
