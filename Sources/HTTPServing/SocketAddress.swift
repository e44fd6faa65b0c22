import Glibc

/// An address of the kernel's that a socket can be bound to.
struct SocketAddress: Sendable {
    /// `AF_INET` or `AF_INET6`.
    let family: Int32

    // A `sockaddr` of the family, copied out of a list that does not stay.
    private let bytes: [UInt8]

    /// What a host and a port mean, the one to try first in front.
    ///
    /// All addresses of the machine are those of IPv6, which take IPv4 along. A name that has both (such as
    /// `localhost`) is bound to its IPv4 address, as exporters written in Go do; clients try both.
    ///
    /// - Throws: `HTTPServerError` where there is no such host.
    static func resolve(_ wanted: ListenAddress) throws(HTTPServerError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        let isWildcard = wanted.host.isEmpty
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(isWildcard ? nil : wanted.host, String(wanted.port), &hints, &list)
        guard status == 0 else {
            throw HTTPServerError(
                address: wanted,
                reason: status == EAI_SYSTEM
                    ? HTTPServerError.text(of: errno) : String(cString: gai_strerror(status)).lowercased())
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
