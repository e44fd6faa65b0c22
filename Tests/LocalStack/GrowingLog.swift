public import Foundation

/// An audit log that is written as by an API server: lines are appended.
public struct GrowingLog: Sendable {
    /// Its location.
    public let url: URL
    private let handle: FileHandle

    /// Creates an empty log.
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
