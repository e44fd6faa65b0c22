import GRDB
import Glibc

/// Why state cannot be read or written.
public struct StateStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of the error.
    public enum Kind: Sendable, Hashable {
        /// Another exporter or another program has it open.
        case inUse
        /// The directory or a file in it is something else, or cannot be read and written.
        case unusable
        /// Something is where a copy shall be made.
        case exists
        /// A newer exporter made it.
        case newer
        /// No space is left; the write can be repeated once there is.
        case full
        /// It can be read but not written.
        case readOnly
        /// The database is damaged.
        case damaged
        /// Another error, in SQLite's words.
        case other
    }

    /// The kind of the error.
    public let kind: Kind
    /// The path of the directory or file.
    public let path: String
    /// The defect and its correction.
    public let reason: String

    /// The path and the reason.
    public var description: String { "\(path): \(reason)" }
}

extension StateStoreError {
    /// An error of the system about a directory or file.
    static func system(_ code: Int32, _ path: String) -> StateStoreError {
        let message = String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT: return full(path, message)
        case EROFS: return readOnly(path, message)
        case EACCES, EPERM:
            return StateStoreError(
                kind: .unusable, path: path,
                reason: "\(message) for user ID \(geteuid()); the exporter must be able to read and write it")
        default: return StateStoreError(kind: .unusable, path: path, reason: message)
        }
    }

    /// An error of the system about creating a directory.
    static func creating(_ path: String, _ code: Int32) -> StateStoreError {
        let reason: String
        switch code {
        // Some file systems, such as /proc, have directories in which nothing can be created.
        case ENOENT where access(StateBackup.parentDirectory(of: path), F_OK) != 0:
            reason = "parent directory does not exist; create it, or give another directory"
        case ENOENT: reason = "no directory can be created there; give another directory"
        case ENOTDIR: reason = "parent is not a directory; give another directory"
        case EACCES, EPERM:
            reason =
                "parent directory cannot be written by user ID \(geteuid()); create the directory for that user, "
                + "or give another directory"
        case EROFS: return readOnly(path, String(cString: strerror(code)))
        default: return system(code, path)
        }
        return StateStoreError(kind: .unusable, path: path, reason: reason)
    }

    /// An error of SQLite about a database.
    ///
    /// - Parameter isWritable: Whether the directory is writable; asked after I/O errors, whose reason SQLite hides.
    static func database(_ error: DatabaseError, _ path: String, isWritable: () -> Bool) -> StateStoreError {
        let message = error.message ?? "\(error.resultCode)"
        switch error.resultCode {
        case .SQLITE_FULL: return full(path, message)
        case .SQLITE_READONLY: return readOnly(path, message)
        case .SQLITE_IOERR where !isWritable(), .SQLITE_CANTOPEN where !isWritable(): return readOnly(path, message)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: return StateStoreError(kind: .damaged, path: path, reason: message)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StateStoreError(
                kind: .inUse, path: path, reason: "\(message): another program has it open; end that")
        default: return StateStoreError(kind: .other, path: path, reason: "SQLite: \(message)")
        }
    }

    /// The error with advice, if people can do something about it.
    var withAdvice: StateStoreError {
        guard kind == .damaged else { return self }
        return StateStoreError(
            kind: kind, path: path,
            reason:
                "\(reason): it is damaged; restart the exporter, which moves it aside and starts with empty counters")
    }

    private static func full(_ path: String, _ message: String) -> StateStoreError {
        StateStoreError(kind: .full, path: path, reason: "\(message); free some space")
    }

    private static func readOnly(_ path: String, _ message: String) -> StateStoreError {
        StateStoreError(kind: .readOnly, path: path, reason: "\(message); the exporter must be able to write it")
    }
}
