public import Foundation

/// An audit log that is written as an API server does: appended to, lines at a time.
public struct GrowingLog: Sendable {
    /// Where it is.
    public let url: URL
    private let handle: FileHandle

    /// Makes an empty log.
    public init(_ url: URL) throws {
        self.url = url
        try Data().write(to: url)
        handle = try FileHandle(forWritingTo: url)
    }

    /// Appends lines in one write, each with its newline.
    public func append(_ text: String) throws {
        try handle.write(contentsOf: Data(text.utf8))
    }
}
