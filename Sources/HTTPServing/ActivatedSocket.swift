import Glibc

/// A listening socket that the process was given by systemd, or by another program with the same protocol
/// (sd_listen_fds(3)).
///
/// The descriptor stays open until the process ends: the socket belongs to systemd, which keeps it open across restarts,
/// so that no connection is refused meanwhile.
public struct ActivatedSocket: Sendable, Hashable {
    /// `FileDescriptorName=` of the unit; the unit's name by default, and empty if it is not known.
    public let name: String
    /// The address on which it listens.
    public let address: ListenAddress
    /// Its descriptor in this process.
    let descriptor: Int32

    /// Whether this process was given sockets that were not taken.
    public static var arePassed: Bool {
        getenv("LISTEN_FDS") != nil && getenv("LISTEN_PID").map { String(cString: $0) } == "\(getpid())"
    }

    /// Takes the sockets that this process was given. The environment variables are removed, and the descriptors are not
    /// inherited by other processes.
    ///
    /// - Throws: `ActivationError` if there are none, or if one cannot be used.
    public static func take() throws(ActivationError) -> [ActivatedSocket] {
        let names = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
        let variables = Dictionary(
            uniqueKeysWithValues: names.compactMap { name in getenv(name).map { (name, String(cString: $0)) } })
        for name in names + ["LISTEN_PIDFDID"] { unsetenv(name) }
        return try take(variables, process: getpid(), first: 3)
    }

    /// Takes the sockets that the variables describe.
    ///
    /// - Parameters:
    ///   - process: This process.
    ///   - first: The first descriptor.
    static func take(
        _ variables: [String: String], process: pid_t, first: Int32
    ) throws(ActivationError) -> [ActivatedSocket] {
        guard let fds = variables["LISTEN_FDS"], fds != "0" else {
            throw ActivationError(
                "no sockets were passed to this process (LISTEN_FDS is not set); start it by a systemd .socket unit, or "
                    + "use --web.listen-address")
        }
        guard let count = Int32(fds), count > 0, count <= Int32.max - first else {
            throw ActivationError("LISTEN_FDS=\"\(fds)\" is not a number of sockets")
        }
        guard let pid = variables["LISTEN_PID"], let owner = pid_t(pid), owner == process else {
            throw ActivationError(
                "the sockets were passed to process \(variables["LISTEN_PID"] ?? "(none)") (LISTEN_PID), and this is "
                    + "process \(process); start the exporter without another program in between")
        }
        let names = (variables["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var sockets: [ActivatedSocket] = []
        for number in 0..<count {
            let name = names.indices.contains(Int(number)) ? String(names[Int(number)]) : ""
            sockets.append(try ActivatedSocket(first + number, name: name))
        }
        return sockets
    }

    private init(_ descriptor: Int32, name: String) throws(ActivationError) {
        let error = { (reason: String) in
            ActivationError("descriptor \(descriptor)\(name.isEmpty ? "" : " (\(name))") \(reason)")
        }
        // Before anything else can start a process.
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw error("is not open") }
        guard let type = Self.option(SO_TYPE, of: descriptor) else { throw error("is not a socket") }
        guard type == Int32(SOCK_STREAM.rawValue) else {
            throw error("is not a stream socket; use ListenStream= in the .socket unit")
        }
        guard Self.option(SO_ACCEPTCONN, of: descriptor) == 1 else {
            throw error("does not listen; set Accept=no in the .socket unit")
        }
        guard let address = SocketAddress(of: descriptor)?.listenAddress else {
            throw error("is neither a TCP nor a Unix socket")
        }
        (self.name, self.address, self.descriptor) = (name, address, descriptor)
    }

    private static func option(_ option: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, option, &value, &length) == 0 ? value : nil
    }
}

/// Why the sockets that the process was given cannot be used.
public struct ActivationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reason.
    public let description: String

    init(_ reason: String) {
        description = reason
    }
}
