import Foundation
import Glibc

/// The file that `--output` names, or standard output.
///
/// A regular file gets its name when it is complete, so that no other program sees a part. What is no regular file, such
/// as a FIFO or `/dev/stdout`, is written to and never replaced.
final class OutputFile {
    private let path: String
    /// The name until it is complete, and the final name; `nil` if it is not renamed.
    private let names: (part: String, final: String)?
    private let handle: FileHandle
    private let cleanup: SignalCleanup?
    private var isFinished = false

    /// - Parameters:
    ///   - path: The file, or `-`.
    ///   - replaces: Whether an existing file is replaced. One of the inputs never is.
    ///   - inputs: The files that are read; `-` for standard input.
    /// - Throws: `ConfigurationError` if the file cannot be created, exists, or is an input.
    init(_ path: String, replaces: Bool, inputs: [String]) throws(ConfigurationError) {
        self.path = path
        guard path != "-" else {
            (names, handle, cleanup) = (nil, .standardOutput, nil)
            return
        }
        var about = stat()
        let exists = stat(path, &about) == 0
        if exists, about.st_mode & S_IFMT == S_IFDIR {
            throw Self.error(path, "is a directory; give a file in it")
        }
        let isReplaced = exists && about.st_mode & S_IFMT == S_IFREG
        if isReplaced {
            if inputs.contains(where: { Self.isSame($0, about) }) {
                throw Self.error(path, "is one of the inputs; give another file")
            }
            if !replaces { throw Self.error(path, "exists; give another file, or --force to replace it") }
        }
        let flags: Int32
        if exists, !isReplaced {
            (names, cleanup, flags) = (nil, nil, O_WRONLY)
        } else {
            // A symbolic link stays, and the file that it names is replaced.
            let final = exists ? URL(filePath: path).resolvingSymlinksInPath().path : path
            let part = Self.part(of: final)
            names = (part, final)
            cleanup = SignalCleanup { unlink(part) }
            flags = O_WRONLY | O_CREAT | O_TRUNC
        }
        let mode = isReplaced ? about.st_mode & 0o777 : 0o644
        let descriptor = open(names?.part ?? path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Self.error(path, "cannot be created: \(Self.text(errno))", .failed) }
        if isReplaced { fchmod(descriptor, mode) }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    deinit {
        cleanup?.cancel()
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
                "cannot be written: \(code.domain == NSPOSIXErrorDomain ? Self.text(Int32(code.code)) : "\(error)")",
                .failed)
        }
    }

    /// Gives the file its name.
    ///
    /// - Throws: `ConfigurationError` if that fails.
    func finish() throws(ConfigurationError) {
        guard let names else { return }
        guard fsync(handle.fileDescriptor) == 0, rename(names.part, names.final) == 0 else {
            throw Self.error(path, "cannot be written: \(Self.text(errno))", .failed)
        }
        isFinished = true
    }

    /// Whether an input is that file, under any name.
    private static func isSame(_ input: String, _ file: stat) -> Bool {
        var about = stat()
        guard (input == "-" ? fstat(0, &about) : stat(input, &about)) == 0 else { return false }
        return about.st_dev == file.st_dev && about.st_ino == file.st_ino
    }

    /// A name that no other run uses. It begins with a dot, so that it is no input if the directory is one.
    private static func part(of path: String) -> String {
        let url = URL(filePath: path)
        return url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).\(getpid()).part").path
    }

    private static func error(_ path: String, _ reason: String, _ status: FailureStatus = .usage) -> ConfigurationError
    {
        ConfigurationError(flag: "--output", value: path, reason: reason, status: status)
    }

    private static func text(_ code: Int32) -> String { String(cString: strerror(code)).lowercased() }
}
