import Glibc

/// The standard streams of a command, which may be closed, or be a pipe that nobody reads.
///
/// Foundation's `FileHandle` ends the process if standard error cannot be written.
public enum StandardStreams {
    /// Opens the streams that were closed at the start, so that no other file gets their numbers: a message could
    /// otherwise be written into a database. They remain unusable: standard input cannot be read, the others not written.
    public static func reserve() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is this one.
            _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Prints a line on standard error.
    public static func complain(_ message: String) {
        show("kube-audit-exporter: \(message)\n")
    }

    /// Prints text on standard error. Nothing is left to do if that fails.
    static func show(_ text: String) {
        _ = write(Array(text.utf8), to: STDERR_FILENO)
    }

    /// Prints text on standard output.
    ///
    /// - Returns: Why it could not be written; `nil` if it was.
    static func print(_ text: String) -> String? {
        switch write(Array(text.utf8), to: STDOUT_FILENO) {
        case 0: nil
        // If it was closed at the start, its number can be that of an event descriptor, which takes no text.
        case EBADF, EINVAL: "it is closed"
        case let code: String(cString: strerror(code)).lowercased()
        }
    }

    /// - Returns: The error number; 0 if everything was written.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Another program made the pipe non-blocking.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
