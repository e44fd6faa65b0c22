/// A file that is read as part of a log: as it was written, or compressed.
protocol LogReader: AnyObject {
    /// Under which name it was opened.
    var name: String { get }
    /// Under which path the log is followed that it is part of.
    var path: String { get }
    var inode: Inode { get }
    /// What was read last, and where that ends.
    var lines: LineBuffer { get }
    /// Whether all was read that was there at the last look, or all that can be read.
    var isAtEnd: Bool { get }
    /// Whether its writer may still add to it though it has lost its name.
    var mayGrow: Bool { get }
    /// Bytes that were not read yet.
    var unreadBytes: Int { get }
    /// Where reading goes on; `nil` for what cannot be read again.
    var position: FilePosition? { get }
    /// What is to be known of the file once it is closed.
    var finalPosition: FilePosition? { get }

    /// Something may have been written since it was read last.
    func look()
    /// Reads once.
    func read() -> LogOutcome
    /// What stands behind the last line feed, as a last line; for a file that ends here.
    func takeRest() -> LineBuffer.Piece?
}

/// What reading on in a file comes to.
enum LogOutcome {
    /// Bytes came; the piece may be empty where they end no line. Its bytes are those of `lines`.
    case piece(LineBuffer.Piece)
    /// Nothing is there now.
    case end
    /// It was emptied, and perhaps written anew, since it had been read up to `former`; reading begins at its start
    /// again.
    case truncated(former: FilePosition)
    /// A bounded part of something long was done; there are no bytes yet.
    case working
    /// It cannot be read now. It is tried again after the next look.
    case failed(FileFailure)
    /// The rest of it cannot be read; the reason is for people.
    case corrupt(String)
}
