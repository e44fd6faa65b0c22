import Glibc

/// A kernel address to which a socket can be bound.
struct SocketAddress: Sendable {
    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    let family: Int32

    // A `sockaddr` of the family, copied because getaddrinfo's list is freed.
    private let bytes: [UInt8]

    /// The addresses of a host and a port, in the order in which to try them.
    ///
    /// For all addresses of the machine the IPv6 wildcard comes first, which includes IPv4. A name with both kinds of
    /// address (such as `localhost`) is bound to its IPv4 address, as in exporters written in Go; clients try both.
    ///
    /// - Throws: `HTTPServerError` if there is no such host.
    static func resolve(host: String, port: UInt16) throws(HTTPServerError) -> [SocketAddress] {
        let wanted = ListenAddress(host: host, port: port)
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let isWildcard = host.isEmpty
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(isWildcard ? nil : host, String(port), &hints, &list)
        guard status == 0 else {
            if status == EAI_SYSTEM { throw HTTPServerError(address: wanted, systemError: errno) }
            throw HTTPServerError(address: wanted, reason: String(cString: gai_strerror(status)).lowercased())
        }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            let bytes = UnsafeRawBufferPointer(start: entry.ai_addr, count: Int(entry.ai_addrlen))
            found.append(SocketAddress(family: entry.ai_family, bytes: Array(bytes)))
            next = entry.ai_next
        }
        let first = isWildcard ? AF_INET6 : AF_INET
        return found.filter { $0.family == first } + found.filter { $0.family != first }
    }

    private init(family: Int32, bytes: [UInt8]) {
        self.family = family
        self.bytes = bytes
    }

    /// The address of a Unix domain socket.
    ///
    /// - Parameter path: A path for which `UnixSocketFile.isUsable` is true.
    init(path: String) {
        family = AF_UNIX
        bytes = withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) } + Array(path.utf8) + [0]
    }

    /// The address of a socket; `nil` if the descriptor is none.
    init?(of descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutableBytes(of: &storage) {
            $0.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &length) }
        }
        guard status == 0 else { return nil }
        family = Int32(storage.ss_family)
        bytes = withUnsafeBytes(of: storage) { Array($0.prefix(Int(length))) }
    }

    /// Binds a socket to this address, as `bind` does.
    func bind(_ descriptor: Int32) -> Int32 {
        withPointer { Glibc.bind(descriptor, $0, $1) }
    }

    /// Connects a socket to this address, as `connect` does.
    func connect(_ descriptor: Int32) -> Int32 {
        withPointer { Glibc.connect(descriptor, $0, $1) }
    }

    /// The address as text; `nil` for other families.
    var listenAddress: ListenAddress? {
        switch family {
        case AF_UNIX:
            let path = bytes.dropFirst(MemoryLayout<sa_family_t>.size)
            // An abstract name begins with a zero byte and may contain others.
            guard path.first == 0 else {
                return .unix(path: String(decoding: path.prefix { $0 != 0 }, as: UTF8.self))
            }
            return .unix(path: "@" + String(decoding: path.dropFirst(), as: UTF8.self))
        case AF_INET, AF_INET6:
            var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = withPointer {
                getnameinfo($0, $1, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
            }
            guard status == 0, bytes.count >= 4 else { return nil }
            let text = host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            // The port has the same offset in both families.
            let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
            return .tcp(host: String(decoding: text, as: UTF8.self), port: port)
        default: return nil
        }
    }

    private func withPointer(_ body: (UnsafePointer<sockaddr>?, socklen_t) -> Int32) -> Int32 {
        bytes.withUnsafeBytes { body($0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count)) }
    }
}

/// A socket that listens.
struct ListeningSocket: ~Copyable {
    /// The address on which it listens, with the actual port if any free one was requested.
    let address: ListenAddress
    /// The file of a Unix domain socket, if this process made it; to be removed when the server stops.
    let file: UnixSocketFile?

    private let descriptor: Int32
    // Another program keeps a socket that was given to the process. Its descriptor is never closed.
    private let isOwn: Bool

    /// Makes the socket of a listener, or takes the one that exists.
    ///
    /// - Throws: `HTTPServerError` with the address and the reason.
    static func open(_ listener: Listener) throws(HTTPServerError) -> ListeningSocket {
        switch listener {
        case .address(.tcp(let host, let port)): return try open(host: host, port: port)
        case .address(.unix(let path)):
            let (descriptor, file) = try UnixSocketFile.listen(on: path)
            return ListeningSocket(address: .unix(path: path), file: file, descriptor: descriptor, isOwn: true)
        case .activated(let socket):
            // Several threads accept, so none may wait for a connection that another one took.
            let flags = fcntl(socket.descriptor, F_GETFL)
            guard flags >= 0, fcntl(socket.descriptor, F_SETFL, flags | O_NONBLOCK) == 0 else {
                throw HTTPServerError(address: socket.address, systemError: errno)
            }
            return ListeningSocket(
                address: socket.address, file: nil, descriptor: socket.descriptor, isOwn: false)
        }
    }

    private static func open(host: String, port: UInt16) throws(HTTPServerError) -> ListeningSocket {
        var failure = EADDRNOTAVAIL
        for candidate in try SocketAddress.resolve(host: host, port: port) {
            do {
                let descriptor = try listen(on: candidate)
                let actual = SocketAddress(of: descriptor)?.listenAddress?.port ?? port
                return ListeningSocket(
                    address: .tcp(host: host, port: actual), file: nil, descriptor: descriptor, isOwn: true)
            } catch {
                failure = error.code
                // Binding another address of the host would hide that the port is taken.
                if failure == EADDRINUSE { break }
            }
        }
        throw HTTPServerError(address: .tcp(host: host, port: port), systemError: failure)
    }

    deinit {
        if isOwn { close(descriptor) }
    }

    /// Another descriptor of the socket, which the caller closes.
    func duplicate() throws(HTTPServerError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw HTTPServerError(address: address, systemError: errno) }
        return copy
    }

    /// Stops listening for all descriptors of this socket, unless another program has it open too.
    func shutDown() {
        if isOwn { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    private struct Failure: Error {
        let code = errno
    }

    private static func listen(on candidate: SocketAddress) throws(Failure) -> Int32 {
        let descriptor = socket(candidate.family, type, 0)
        guard descriptor >= 0 else { throw Failure() }
        // After a restart, connections of the previous run may still be in TIME_WAIT.
        set(SO_REUSEADDR, level: SOL_SOCKET, to: 1, on: descriptor)
        // The IPv6 wildcard must include IPv4, whatever the system's default (net.ipv6.bindv6only).
        if candidate.family == AF_INET6 {
            set(IPV6_V6ONLY, level: Int32(IPPROTO_IPV6), to: 0, on: descriptor)
        }
        guard candidate.bind(descriptor) == 0, Glibc.listen(descriptor, SOMAXCONN) == 0 else {
            let failure = Failure()
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    /// The type of a socket that listens for a server.
    static let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)

    private static func set(_ option: Int32, level: Int32, to value: Int32, on descriptor: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
