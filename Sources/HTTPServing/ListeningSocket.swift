import Glibc

/// A socket that listens.
struct ListeningSocket: ~Copyable {
    /// Where it listens; the port is the real one where any was asked for.
    let address: ListenAddress

    private let descriptor: Int32

    /// - Throws: `HTTPServerError` where nobody can listen there.
    init(_ wanted: ListenAddress) throws(HTTPServerError) {
        var failure = EADDRNOTAVAIL
        for candidate in try SocketAddress.resolve(wanted) {
            do {
                descriptor = try Self.listen(on: candidate)
                address = ListenAddress(host: wanted.host, port: Self.port(of: descriptor) ?? wanted.port)
                return
            } catch {
                failure = error.code
                // Another of the same machine's addresses would only hide that the wanted one is taken.
                if failure == EADDRINUSE { break }
            }
        }
        throw HTTPServerError(address: wanted, reason: HTTPServerError.text(of: failure))
    }

    deinit {
        close(descriptor)
    }

    /// A descriptor of the same socket for somebody who will close it.
    func duplicate() throws(HTTPServerError) -> Int32 {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw HTTPServerError(address: address, reason: HTTPServerError.text(of: errno)) }
        return copy
    }

    /// Ends listening for all that have a descriptor of this socket.
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
        // After a restart, connections of the last run may still be waiting for their end.
        set(SO_REUSEADDR, level: SOL_SOCKET, to: 1, on: descriptor)
        // All addresses of the machine are those of IPv6 with those of IPv4, whatever the machine's default.
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
        // The port stands at the same place for both families.
        return withUnsafeBytes(of: storage) { UInt16(bigEndian: $0.load(fromByteOffset: 2, as: UInt16.self)) }
    }
}
