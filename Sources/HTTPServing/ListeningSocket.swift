import Glibc

/// A socket that listens.
struct ListeningSocket: ~Copyable {
    let descriptor: Int32
    /// Where it listens; the port is the real one where any was asked for.
    let address: ListenAddress

    /// - Throws: `HTTPServerError` where nobody can listen there.
    init(_ wanted: ListenAddress) throws(HTTPServerError) {
        (descriptor, address) = try Self.listen(wanted)
    }

    deinit {
        close(descriptor)
    }

    private static func listen(_ wanted: ListenAddress) throws(HTTPServerError) -> (Int32, ListenAddress) {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // All addresses of the machine are those of IPv6, which take IPv4 along, where there is IPv6.
        let host: String? = wanted.host.isEmpty ? nil : wanted.host
        let status = getaddrinfo(host, String(wanted.port), &hints, &list)
        guard status == 0 else {
            throw HTTPServerError(address: wanted, reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(list) }
        var candidates: [UnsafeMutablePointer<addrinfo>] = []
        var next = list
        while let candidate = next {
            candidates.append(candidate)
            next = candidate.pointee.ai_next
        }
        candidates.sort { $0.pointee.ai_family == AF_INET6 && $1.pointee.ai_family != AF_INET6 && wanted.host.isEmpty }
        var failure = EADDRNOTAVAIL
        for candidate in candidates {
            let descriptor = socket(
                candidate.pointee.ai_family, candidate.pointee.ai_socktype | O_CLOEXEC | O_NONBLOCK, 0)
            guard descriptor >= 0 else {
                failure = errno
                continue
            }
            set(SO_REUSEADDR, level: SOL_SOCKET, to: 1, on: descriptor)
            if candidate.pointee.ai_family == AF_INET6 {
                set(IPV6_V6ONLY, level: Int32(IPPROTO_IPV6), to: wanted.host.isEmpty ? 0 : 1, on: descriptor)
            }
            if bind(descriptor, candidate.pointee.ai_addr, candidate.pointee.ai_addrlen) == 0,
                Glibc.listen(descriptor, SOMAXCONN) == 0
            {
                return (descriptor, ListenAddress(host: wanted.host, port: port(of: descriptor) ?? wanted.port))
            }
            failure = errno
            close(descriptor)
            // Another of the same machine's addresses would only hide that the wanted one is taken.
            if failure == EADDRINUSE { break }
        }
        throw HTTPServerError(address: wanted, reason: String(cString: strerror(failure)).lowercased())
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
        // The port stands at the same place for both families.
        return withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
    }
}
