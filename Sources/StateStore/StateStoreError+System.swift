import GRDB
import Glibc

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
