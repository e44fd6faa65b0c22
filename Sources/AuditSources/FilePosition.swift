/// How far a file of a log was read.
public struct FilePosition: Sendable, Hashable, Codable {
    /// Under which path the log is followed, whatever its file is called meanwhile.
    public var path: String
    /// Which file it is; `Inode.none` where it is known by its content alone.
    public var inode: Inode
    /// The first byte that was not read as part of a whole line. Of a compressed file, in what it unfolds to.
    public var offset: Int
    /// Of the bytes before `offset`.
    public var fingerprint: Fingerprint
    /// Whether the byte at `offset` is within a line that is too long and is skipped to its end.
    public var isInSkippedLine: Bool
    /// How many bytes the file had when it was looked at last.
    public var size: Int
    /// Whether nothing more is expected from this file.
    public var isFinished: Bool

    /// A position.
    public init(
        path: String, inode: Inode, offset: Int, fingerprint: Fingerprint, isInSkippedLine: Bool = false, size: Int = 0,
        isFinished: Bool = false
    ) {
        self.path = path
        self.inode = inode
        self.offset = offset
        self.fingerprint = fingerprint
        self.isInSkippedLine = isInSkippedLine
        self.size = size
        self.isFinished = isFinished
    }

    /// The same place in a file that is known by its content alone.
    var withoutInode: FilePosition {
        var position = self
        position.inode = .none
        return position
    }
}
