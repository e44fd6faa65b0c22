import Glibc

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

    /// What tells one version of the file from another.
    private struct Version: Sendable, Hashable {
        var device: UInt
        var inode: UInt
        var size: Int
        var changedSeconds: Int
        var changedNanoseconds: Int
    }

    /// What was read last.
    public private(set) var content: Content

    private let path: String
    private let read: @Sendable (String) throws(Failure) -> Content
    private var version: Version?

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
        version = Self.version(of: path)
        content = try read(path)
    }

    /// Looks whether the file changed, and reads it again if so.
    ///
    /// - Parameter always: To read it in any case.
    public mutating func refresh(always: Bool = false) -> Refresh {
        let current = Self.version(of: path)
        guard always || current != version else { return .unchanged }
        version = current
        do throws(Failure) {
            content = try read(path)
            return .reloaded
        } catch {
            return .failed(error)
        }
    }

    private static func version(of path: String) -> Version? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        return Version(
            device: information.st_dev, inode: information.st_ino, size: information.st_size,
            changedSeconds: information.st_mtim.tv_sec, changedNanoseconds: information.st_mtim.tv_nsec)
    }
}

extension ReloadingFile.Refresh: Equatable where Failure: Equatable {}

/// A database of locations that is opened anew when its file changes.
public typealias ReloadingLocationDatabase = ReloadingFile<LocationDatabase, LocationDatabaseError>

extension ReloadingLocationDatabase {
    /// Opens the database.
    ///
    /// - Throws: `LocationDatabaseError` where it cannot be used.
    public init(path: String) throws(LocationDatabaseError) {
        try self.init(path: path) { (path) throws(LocationDatabaseError) in try LocationDatabase(path: path) }
    }

    /// Where an address is.
    public func location(of address: IPAddress) -> Location {
        content.location(of: address)
    }
}

/// A filter that is read again when its file changes.
public typealias ReloadingFilter = ReloadingFile<RequestFilter, FilterFileError>

extension ReloadingFilter {
    /// Reads the filter file.
    ///
    /// - Throws: `FilterFileError` where it cannot be used.
    public init(path: String) throws(FilterFileError) {
        try self.init(path: path) { (path) throws(FilterFileError) in try RequestFilter(file: path) }
    }
}
