import Glibc

/// The file of a Unix domain socket on which this process listens.
struct UnixSocketFile: Sendable {
    // The kernel's limit is 108 bytes with the final zero.
    private static let maximumLength = 107

    // Users and groups that may connect: those that own the file.
    private static let mode: mode_t = 0o660

    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Whether a path has a form that a socket can have. A name that begins with `@` would have no file, and so neither an
    /// owner nor a mode: each process of the machine could connect.
    static func isUsable(_ path: String) -> Bool {
        (1...maximumLength).contains(path.utf8.count) && !path.hasPrefix("@") && !path.utf8.contains(0)
    }

    /// Makes a socket that listens, and its file. The file of a process that no longer listens is replaced.
    ///
    /// - Throws: `HTTPServerError` with the reason.
    static func listen(on path: String) throws(HTTPServerError) -> (descriptor: Int32, file: UnixSocketFile) {
        let descriptor = socket(AF_UNIX, ListeningSocket.type, 0)
        guard descriptor >= 0 else { throw error(errno, path) }
        do throws(HTTPServerError) {
            let address = SocketAddress(path: path)
            // The file gets this mode, less the umask; so at no time can others connect.
            guard fchmod(descriptor, mode) == 0 else { throw error(errno, path) }
            if address.bind(descriptor) != 0 {
                guard errno == EADDRINUSE else { throw error(errno, path) }
                try removeAbandoned(path)
                guard address.bind(descriptor) == 0 else { throw error(errno, path) }
            }
            guard chmod(path, mode) == 0, let file = Self(path), Glibc.listen(descriptor, SOMAXCONN) == 0 else {
                let code = errno
                unlink(path)
                throw error(code, path)
            }
            return (descriptor, file)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// The file at a path; `nil`, and `errno`, if there is no socket.
    private init?(_ path: String) {
        var information = stat()
        guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK else { return nil }
        (self.path, device, inode) = (path, information.st_dev, information.st_ino)
    }

    /// Removes the file, unless another process has replaced it.
    func remove() {
        guard let present = Self(path), (present.device, present.inode) == (device, inode) else { return }
        unlink(path)
    }

    /// Removes a file that a process left behind: one that nobody listens on any more.
    private static func removeAbandoned(_ path: String) throws(HTTPServerError) {
        guard let file = Self(path) else {
            throw HTTPServerError(
                address: .unix(path: path), reason: "the file there is no socket; remove it, or give another path")
        }
        let client = socket(AF_UNIX, ListeningSocket.type, 0)
        guard client >= 0 else { throw error(errno, path) }
        defer { close(client) }
        let code = SocketAddress(path: path).connect(client) == 0 ? EADDRINUSE : errno
        switch code {
        case ECONNREFUSED: file.remove()
        case EACCES, EPERM:
            throw HTTPServerError(
                address: .unix(path: path),
                reason: "a socket of another user is there; remove it, or give another path")
        // A full queue of connections, or a socket of another type, belongs to a process too.
        default: throw error(EADDRINUSE, path)
        }
    }

    private static func error(_ code: Int32, _ path: String) -> HTTPServerError {
        HTTPServerError(address: .unix(path: path), systemError: code)
    }
}
