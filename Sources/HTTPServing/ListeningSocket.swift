import Glibc

/// Where a server listens: `HOST:PORT`, or `:PORT` for all addresses of the machine.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name or an address without brackets; empty for all addresses.
    public let host: String
    /// The port; 0 for any that is free.
    public let port: UInt16

    /// An address.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Parses `:10403`, `127.0.0.1:0`, `localhost:9100`, `[::1]:9100`; `nil` for other forms.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        let host = text[..<colon]
        if host.first == "[", host.last == "]" {
            let literal = host.dropFirst().dropLast()
            // A zone, as in fe80::1%eth0, is an interface's name.
            guard literal.contains(":"), literal.utf8.allSatisfy({ Self.isNameByte($0) || ":%".utf8.contains($0) })
            else { return nil }
            self.init(host: String(literal), port: port)
        } else {
            guard host.utf8.allSatisfy(Self.isNameByte) else { return nil }
            self.init(host: String(host), port: port)
        }
    }

    /// The text that `init(_:)` parses.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether a program cannot listen on both: they have the same port, and one of them includes the other. Names are
    /// compared as text.
    public func conflicts(with other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        return host == other.host || isWildcard || other.isWildcard
    }

    private var isWildcard: Bool { ["", "::", "0.0.0.0"].contains(host) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// A kernel address to which a socket can be bound.
struct SocketAddress: Sendable {
    /// `AF_INET` or `AF_INET6`.
    let family: Int32

    // A `sockaddr` of the family, copied because getaddrinfo's list is freed.
    private let bytes: [UInt8]

    /// The addresses of a host and a port, in the order in which to try them.
    ///
    /// For all addresses of the machine the IPv6 wildcard comes first, which includes IPv4. A name with both kinds of
    /// address (such as `localhost`) is bound to its IPv4 address, as in exporters written in Go; clients try both.
    ///
    /// - Throws: `HTTPServerError` if there is no such host.
    static func resolve(_ wanted: ListenAddress) throws(HTTPServerError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let isWildcard = wanted.host.isEmpty
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(isWildcard ? nil : wanted.host, String(wanted.port), &hints, &list)
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

    /// Binds a socket to this address, as `bind` does.
    func bind(_ descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            Glibc.bind(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
        }
    }
}

/// A socket that listens.
struct ListeningSocket: ~Copyable {
    /// The address on which it listens, with the actual port if any free one was requested.
    let address: ListenAddress

    private let descriptor: Int32

    /// - Throws: `HTTPServerError` with the address and the reason.
    init(_ wanted: ListenAddress) throws(HTTPServerError) {
        var failure = EADDRNOTAVAIL
        for candidate in try SocketAddress.resolve(wanted) {
            do {
                descriptor = try Self.listen(on: candidate)
                address = ListenAddress(host: wanted.host, port: Self.port(of: descriptor) ?? wanted.port)
                return
            } catch {
                failure = error.code
                // Binding another address of the host would hide that the port is taken.
                if failure == EADDRINUSE { break }
            }
        }
        throw HTTPServerError(address: wanted, systemError: failure)
    }

    deinit {
        close(descriptor)
    }

    /// Another descriptor of the socket, which the caller closes.
    func duplicate() throws(HTTPServerError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw HTTPServerError(address: address, systemError: errno) }
        return copy
    }

    /// Stops listening for all descriptors of this socket.
    func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private struct Failure: Error {
        let code = errno
    }

    private static func listen(on candidate: SocketAddress) throws(Failure) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
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

    private static func set(_ option: Int32, level: Int32, to value: Int32, on descriptor: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func port(of descriptor: Int32) -> UInt16? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = withUnsafeMutableBytes(of: &storage) {
            $0.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &length) }
        }
        guard status == 0 else { return nil }
        // The port has the same offset in both families.
        return withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
    }
}
