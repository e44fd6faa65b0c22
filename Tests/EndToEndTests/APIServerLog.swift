import Foundation
import Glibc

/// An audit log that is created and rotated with the system calls of kube-apiserver: its own call at the start, then
/// those of its logging library (lumberjack). They decide who can read the log.
struct APIServerLog {
    struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ call: String) { description = "\(call): \(String(cString: strerror(errno)))" }
    }

    let file: URL

    /// The start of the API server: creates the log with 0600 unless it exists.
    init(_ file: URL) throws {
        self.file = file
        close(try Self.open(file, O_CREAT | O_APPEND | O_RDWR, 0o600))
    }

    func write(_ text: String) throws {
        let descriptor = try Self.open(file, O_APPEND | O_WRONLY, 0o644)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw Failure("write") }
    }

    /// Renames the log, and creates a new one with the mode, owner and group of the old one; with 0600 if there is none.
    func rotate() throws {
        var old = stat()
        var mode: mode_t = 0o600
        if stat(file.path, &old) == 0 {
            mode = old.st_mode & 0o7777
            let time = Date().formatted(.iso8601.time(includingFractionalSeconds: true).timeSeparator(.omitted))
            let name = "audit-\(time.filter(\.isNumber))-\(UUID().uuidString).log"
            guard rename(file.path, file.deletingLastPathComponent().appending(path: name).path) == 0 else {
                throw Failure("rename")
            }
            close(try Self.open(file, O_CREAT | O_WRONLY | O_TRUNC, mode))
            guard chown(file.path, old.st_uid, old.st_gid) == 0 else { throw Failure("chown") }
        }
        close(try Self.open(file, O_CREAT | O_WRONLY | O_TRUNC, mode))
    }

    private static func open(_ file: URL, _ flags: Int32, _ mode: mode_t) throws -> Int32 {
        let descriptor = Glibc.open(file.path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure("open \(file.path)") }
        return descriptor
    }
}
