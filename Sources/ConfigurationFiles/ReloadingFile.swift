/// What a file holds, read again when the file changes.
public struct ReloadingFile<Content: Sendable, Failure: Error>: Sendable {
    /// What a look at the file came to.
    public enum Refresh: Sendable {
        /// It is the file whose content is in use.
        case unchanged
        /// It changed, and the new content is in use.
        case reloaded
        /// It changed and cannot be used; the old content stays in use, and the file is tried again when it changes.
        case failed(Failure)
    }

    /// What was read last.
    public private(set) var content: Content

    private let path: String
    private let read: @Sendable (String) throws(Failure) -> Content
    private var version: FileVersion?

    /// Reads the file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - read: Makes the content of the file with that path.
    /// - Throws: Why it cannot be used.
    public init(path: String, read: @escaping @Sendable (String) throws(Failure) -> Content) throws(Failure) {
        self.path = path
        self.read = read
        // Before it is read: what changes meanwhile is found at the next look.
        version = FileVersion(path: path)
        content = try read(path)
    }

    /// Looks whether the file changed, and reads it again if so.
    ///
    /// - Parameter always: To read it in any case.
    public mutating func refresh(always: Bool = false) -> Refresh {
        let current = FileVersion(path: path)
        guard always || current != version else { return .unchanged }
        version = current
        do throws(Failure) {
            content = try read(path)
            return .reloaded
        } catch {
            return .failed(error)
        }
    }
}

extension ReloadingFile.Refresh: Equatable where Failure: Equatable {}
