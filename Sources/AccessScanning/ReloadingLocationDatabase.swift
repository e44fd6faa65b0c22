import Glibc

/// A database of locations that is opened anew when its file changes.
public struct ReloadingLocationDatabase: Sendable {
    /// What a look at the file came to.
    public enum Refresh: Sendable, Hashable {
        /// It is the file that is open.
        case unchanged
        /// It changed, and the new content is in use.
        case reloaded
        /// It changed and cannot be used; the old content stays in use, and the file is tried again when it changes.
        case failed(LocationDatabaseError)
    }

    /// What tells one version of the file from another.
    private struct Version: Sendable, Hashable {
        var device: UInt
        var inode: UInt
        var size: Int
        var changedSeconds: Int
        var changedNanoseconds: Int
    }

    private let path: String
    private var database: LocationDatabase
    private var version: Version?

    /// Opens the database.
    ///
    /// - Throws: `LocationDatabaseError` where it cannot be used.
    public init(path: String) throws(LocationDatabaseError) {
        self.path = path
        version = Self.version(of: path)
        database = try LocationDatabase(path: path)
    }

    /// Where an address is.
    public func location(of address: IPAddress) -> Location {
        database.location(of: address)
    }

    /// Looks whether the file changed, and opens it anew if so.
    ///
    /// - Parameter always: To open it anew in any case.
    public mutating func refresh(always: Bool = false) -> Refresh {
        let current = Self.version(of: path)
        guard always || current != version else { return .unchanged }
        version = current
        do {
            database = try LocationDatabase(path: path)
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
