import Glibc

/// A file that is only appended to.
final class AppendedFile {
    let path: String
    private let descriptor: Int32

    /// Creates a new file.
    init(creating path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw failure }
    }

    deinit {
        close(descriptor)
    }

    /// Appends in one write.
    func append(_ bytes: ArraySlice<UInt8>) throws {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw failure }
    }

    /// Truncates the file.
    func truncate() throws {
        guard ftruncate(descriptor, 0) == 0 else { throw failure }
    }

    private var failure: TortureFailure { TortureFailure("\(path): \(String(cString: strerror(errno)))") }
}
