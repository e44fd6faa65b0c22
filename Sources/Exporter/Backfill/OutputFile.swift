import Foundation
import Glibc

/// The file that `--output` names, or standard output.
///
/// A regular file gets its name when it is complete, so that an existing one is never replaced by a part. What is no
/// regular file, such as a FIFO or `/dev/stdout`, is written to and never replaced.
final class OutputFile {
    private let path: String
    /// The name until it is complete, and the final name; `nil` if it is not renamed.
    private let names: (part: String, final: String)?
    private let handle: FileHandle
    private var isFinished = false

    /// - Throws: `ConfigurationError` if the file cannot be created.
    init(_ path: String) throws(ConfigurationError) {
        self.path = path
        guard path != "-" else {
            names = nil
            handle = .standardOutput
            return
        }
        var about = stat()
        let exists = stat(path, &about) == 0
        if exists, about.st_mode & S_IFMT == S_IFDIR {
            throw Self.error(path, "is a directory; give a file in it")
        }
        // A symbolic link stays, and the file that it names is replaced.
        let final = exists ? URL(filePath: path).resolvingSymlinksInPath().path : path
        names = exists && about.st_mode & S_IFMT != S_IFREG ? nil : (final + ".part", final)
        let flags = names == nil ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC
        let descriptor = open(names?.part ?? path, flags | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.error(path, "cannot be created: \(Self.text(errno))") }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    deinit {
        if let names, !isFinished { unlink(names.part) }
    }

    /// - Throws: `ConfigurationError` if the bytes cannot be written.
    func write(_ bytes: [UInt8]) throws(ConfigurationError) {
        do {
            try handle.write(contentsOf: Data(bytes))
        } catch {
            // Foundation's text for a full disk names no file and no cause.
            let code = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
            throw Self.error(
                path,
                "cannot be written: \(code.domain == NSPOSIXErrorDomain ? Self.text(Int32(code.code)) : "\(error)")")
        }
    }

    /// Gives the file its name.
    ///
    /// - Throws: `ConfigurationError` if that fails.
    func finish() throws(ConfigurationError) {
        guard let names else { return }
        guard fsync(handle.fileDescriptor) == 0, rename(names.part, names.final) == 0 else {
            throw Self.error(path, "cannot be written: \(Self.text(errno))")
        }
        isFinished = true
    }

    private static func error(_ path: String, _ reason: String) -> ConfigurationError {
        ConfigurationError(flag: "--output", value: path, reason: reason)
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
}
