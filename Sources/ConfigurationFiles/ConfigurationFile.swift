import Glibc

/// Reads small files as a whole.
public enum ConfigurationFile {
    /// The content of a file. The call blocks for as long as the file system takes to answer.
    ///
    /// - Parameters:
    ///   - path: The path of the file. A FIFO without a writer is not waited for.
    ///   - limit: The most bytes that the file may have.
    /// - Throws: `ConfigurationFileError` if the file cannot be read or is longer than `limit`.
    public static func read(_ path: String, limit: Int) throws(ConfigurationFileError) -> [UInt8] {
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ConfigurationFileError(file: path, systemError: errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count == 0 { return content }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ConfigurationFileError(file: path, systemError: errno) }
            content += piece.prefix(count)
            guard content.count <= limit else {
                throw ConfigurationFileError(file: path, reason: "the file is longer than \(limit >> 10) KiB")
            }
        }
    }
}
