import Glibc

/// The file of a Unix domain socket on which this process listens.
struct UnixSocketFile: Sendable {
    // The kernel's limit is 108 bytes with the final zero.
    private static let maximumLength = 107

    // Users and groups that may connect: those that own the file.
    private static let mode: mode_t = 0o660

    // O_PATH, which the module Glibc lacks; the same on x86-64 and arm64.
    private static let pathOnly: Int32 = 0o10_000_000

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
        // Between bind and listen the socket looks abandoned, and another exporter would replace it.
        let lock = try DirectoryLock(of: path)
        defer { lock?.release() }
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
            guard let file = Self(path) else {
                throw HTTPServerError(
                    address: .unix(path: path), reason: "another process removed it at once; give another path")
            }
            do throws(HTTPServerError) {
                try file.setMode()
                guard Glibc.listen(descriptor, SOMAXCONN) == 0 else { throw error(errno, path) }
            } catch {
                file.unlinkIfSame()
                throw error
            }
            return (descriptor, file)
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// The file at a path; `nil`, and `errno`, if there is no socket.
    init?(_ path: String) {
        var information = stat()
        guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK else { return nil }
        (self.path, device, inode) = (path, information.st_dev, information.st_ino)
    }

    /// Sets the mode, whatever the umask. The name may be a symbolic link by now, if another user can write the directory:
    /// its target must not get the mode.
    func setMode() throws(HTTPServerError) {
        let descriptor = open(path, Self.pathOnly | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error(errno, path) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0, information.st_mode & S_IFMT == S_IFSOCK,
            (information.st_dev, information.st_ino) == (device, inode)
        else {
            throw HTTPServerError(
                address: .unix(path: path), reason: "another process replaced it at once; give another path")
        }
        guard information.st_mode & 0o777 != Self.mode else { return }
        // A descriptor with O_PATH is no argument of fchmod.
        guard chmod("/proc/self/fd/\(descriptor)", Self.mode) == 0 else { throw Self.error(errno, path) }
    }

    /// Removes the file, unless another process has replaced it.
    func remove() {
        // Another exporter may replace it right now. If the lock cannot be had, the file stays, as after a kill.
        guard let lock = try? DirectoryLock(of: path) else { return }
        defer { lock.release() }
        unlinkIfSame()
    }

    /// - Returns: Whether there is no such file any more; otherwise `errno` says why.
    @discardableResult
    private func unlinkIfSame() -> Bool {
        guard let present = Self(path), (present.device, present.inode) == (device, inode) else { return true }
        return unlink(path) == 0 || errno == ENOENT
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
        case ECONNREFUSED:
            guard file.unlinkIfSame() else {
                throw HTTPServerError(
                    address: .unix(path: path),
                    reason: "an abandoned socket is there, which user ID \(geteuid()) cannot remove; remove it, or "
                        + "give another path")
            }
        case EACCES, EPERM:
            throw HTTPServerError(
                address: .unix(path: path),
                reason: "a socket of another user is there; remove it, or give another path")
        // A full queue of connections, or a socket of another type, belongs to a process too.
        default: throw error(EADDRINUSE, path)
        }
    }

    /// The path by which two names of one file are recognized: its directory without symbolic links. The path itself if
    /// there is no such directory.
    static func canonical(_ path: String) -> String {
        guard let directory = realpath(DirectoryLock.directory(of: path), nil) else { return path }
        defer { free(directory) }
        return String(cString: directory) + "/" + (path.split(separator: "/").last ?? "")
    }

    private static func error(_ code: Int32, _ path: String) -> HTTPServerError {
        HTTPServerError(address: .unix(path: path), systemError: code)
    }
}

/// A lock by which exporters that use one directory make and remove their sockets one after the other.
struct DirectoryLock {
    // Attempts of 10 ms. Each takes a moment only, but any process that may read the directory can hold the lock.
    private static let attempts = 500

    private let descriptor: Int32

    /// Waits for the lock.
    ///
    /// - Returns: `nil` if the directory cannot be opened or its file system has no locks; the error that follows from
    ///   that is better explained by the system call that has it.
    /// - Throws: `HTTPServerError` if another process keeps the lock.
    init?(of path: String) throws(HTTPServerError) {
        descriptor = open(Self.directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        for _ in 0..<Self.attempts {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
            guard errno == EWOULDBLOCK || errno == EINTR else {
                close(descriptor)
                return nil
            }
            usleep(10_000)
        }
        close(descriptor)
        throw HTTPServerError(
            address: .unix(path: path),
            reason: "another process locks its directory (flock); end that process, or give another directory")
    }

    /// Ends the lock.
    func release() {
        close(descriptor)
    }

    /// The directory of a file, by the text of its path.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
