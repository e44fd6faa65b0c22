import Glibc

/// Reads small files whole.
enum ReadableFile {
    struct Failure: Error {
        /// For people.
        let reason: String
    }

    /// The content of a file.
    ///
    /// - Parameter limit: How many bytes make sense; a file with more is refused.
    static func read(_ path: String, limit: Int) -> Result<[UInt8], Failure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return .failure(Failure(reason: HTTPServerError.text(of: errno))) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count == 0 { return .success(content) }
            guard count > 0 else { return .failure(Failure(reason: HTTPServerError.text(of: errno))) }
            content += piece.prefix(count)
            guard content.count <= limit else {
                return .failure(Failure(reason: "the file is longer than \(limit >> 10) KiB"))
            }
        }
    }
}
