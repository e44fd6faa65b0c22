import CMaxMindDB
import ConfigurationFiles
import Glibc

/// A copy of a file's content in memory that no other process can change, for a library that wants to open a file.
///
/// A file that is overwritten in place while it is mapped stops the process with a bus error at the next access; a
/// copy cannot.
struct PrivateFileCopy: ~Copyable {
    private let descriptor: Int32

    /// Where it can be opened, while this value lives.
    var path: String { "/proc/self/fd/\(descriptor)" }

    /// - Throws: `ConfigurationFileError` where the file cannot be read, or is none.
    init(of path: String) throws(ConfigurationFileError) {
        descriptor = try Self.memory(holding: path)
    }

    deinit {
        close(descriptor)
    }

    private static func memory(holding path: String) throws(ConfigurationFileError) -> Int32 {
        let descriptor = memfd_create("location-database", 1)  // 1: closed on exec
        guard descriptor >= 0 else { throw failure(path) }
        do throws(ConfigurationFileError) {
            try copy(path, to: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func copy(_ path: String, to descriptor: Int32) throws(ConfigurationFileError) {
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let source = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard source >= 0 else { throw failure(path) }
        defer { close(source) }
        var information = stat()
        guard fstat(source, &information) == 0 else { throw failure(path) }
        guard information.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationFileError(file: path, reason: "not a file")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let got = read(source, buffer.baseAddress, buffer.count)
            guard got >= 0 else { throw failure(path) }
            guard got > 0 else { return }
            var written = 0
            while written < got {
                let put = write(descriptor, buffer.baseAddress?.advanced(by: written), got - written)
                guard put > 0 else { throw failure(path) }
                written += put
            }
        }
    }

    private static func failure(_ path: String) -> ConfigurationFileError {
        ConfigurationFileError(file: path, systemError: errno)
    }
}
