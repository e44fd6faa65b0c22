/// How far a log was read.
public struct ReadPosition: Sendable, Hashable, Codable {
    /// Under which path the log was opened.
    public var path: String
    /// Which file it is, whatever it is called meanwhile.
    public var inode: Inode
    /// The first byte that was not read as part of a whole line.
    public var offset: Int
    /// Of the bytes before `offset`.
    public var fingerprint: Fingerprint
    /// Whether the byte at `offset` is within a line that is too long and is skipped to its end.
    public var isInSkippedLine: Bool

    /// A position.
    public init(path: String, inode: Inode, offset: Int, fingerprint: Fingerprint, isInSkippedLine: Bool = false) {
        self.path = path
        self.inode = inode
        self.offset = offset
        self.fingerprint = fingerprint
        self.isInSkippedLine = isInSkippedLine
    }
}
