import GRDB
import Glibc

/// Why state cannot be read or written.
public struct StateStoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What sort of trouble it is.
    public enum Kind: Sendable, Hashable {
        /// Another exporter or another program has it open.
        case inUse
        /// The directory, or a file in it, is something else, or may not be read and written.
        case unusable
        /// A newer exporter made it.
        case newer
        /// There is no space left; the same can be written once there is.
        case full
        /// It can be read but not written.
        case readOnly
        /// The database is damaged.
        case damaged
        /// Something else, in SQLite's words.
        case other
    }

    /// What sort of trouble it is.
    public let kind: Kind
    /// The directory or file.
    public let path: String
    /// What is wrong, and what to do about it.
    public let reason: String

    /// The path and the reason.
    public var description: String { "\(path): \(reason)" }
}

extension StateStoreError {
    /// What the system answered about a directory or a file.
    static func system(_ code: Int32, _ path: String) -> StateStoreError {
        let message = String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT: return full(path, message)
        case EROFS: return readOnly(path, message)
        case EACCES, EPERM:
            return StateStoreError(
                kind: .unusable, path: path, reason: "\(message); the exporter must be able to read and write it")
        default: return StateStoreError(kind: .unusable, path: path, reason: message)
        }
    }

    /// What SQLite answered about a database.
    ///
    /// - Parameter isWritable: Asked after an input or output error, since SQLite does not say what it was.
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

    /// With what to do about it, where that is for people to do.
    var withAdvice: StateStoreError {
        guard kind == .damaged else { return self }
        return StateStoreError(
            kind: kind, path: path,
            reason: "\(reason): it is damaged; start the exporter anew, which moves it aside and begins with nothing")
    }

    private static func full(_ path: String, _ message: String) -> StateStoreError {
        StateStoreError(kind: .full, path: path, reason: "\(message); free some space")
    }

    private static func readOnly(_ path: String, _ message: String) -> StateStoreError {
        StateStoreError(kind: .readOnly, path: path, reason: "\(message); the exporter must be able to write it")
    }
}
