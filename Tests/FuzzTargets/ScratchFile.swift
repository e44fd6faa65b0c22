import Glibc

/// Files by plain system calls, which take a small part of the time of Foundation's.
enum ScratchFile {
    /// Writes a new file.
    static func write(_ bytes: some Collection<UInt8>, to path: String) throws {
        try write(bytes, to: path, O_WRONLY | O_CREAT | O_TRUNC)
    }

    /// Appends to a file, which is created if it does not exist.
    static func append(_ bytes: some Collection<UInt8>, to path: String) throws {
        try write(bytes, to: path, O_WRONLY | O_CREAT | O_APPEND)
    }

    /// The content; `nil` if the file does not exist.
    static func content(of path: String) throws -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemFailure("open \(path)")
        }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw SystemFailure("fstat \(path)") }
        var bytes = [UInt8](repeating: 0, count: Int(information.st_size))
        guard read(descriptor, &bytes, bytes.count) == bytes.count else { throw SystemFailure("read \(path)") }
        return bytes
    }

    private static func write(_ bytes: some Collection<UInt8>, to path: String, _ flags: Int32) throws {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemFailure("open \(path)") }
        defer { close(descriptor) }
        let bytes = Array(bytes)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw SystemFailure("write \(path)") }
    }
}
