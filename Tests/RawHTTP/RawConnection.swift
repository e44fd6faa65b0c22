import Dispatch
import Glibc
public import HTTPServing

/// A connection on which the test controls every byte.
///
/// Unchecked, because a test uses it from one thread at a time.
public final class RawConnection: @unchecked Sendable {
    /// An unexpected result of a connection.
    public struct Failure: Error, CustomStringConvertible {
        /// The call and the system's reason.
        public let description: String

        init(_ call: String) {
            description = "\(call): \(String(cString: strerror(errno)))"
        }
    }

    private let descriptor: Int32
    private var received: [UInt8] = []

    /// Connects.
    ///
    /// - Parameters:
    ///   - address: The server; its host is an address, or it is a Unix domain socket.
    ///   - source: The local IPv4 address, if it matters.
    ///   - receiveBuffer: Approximate size of the kernel's receive buffer; the default unless given.
    public init(to address: ListenAddress, from source: String? = nil, receiveBuffer: Int32? = nil) throws {
        let isIPv6 = address.host.contains(":")
        let family = if case .unix = address { AF_UNIX } else { isIPv6 ? AF_INET6 : AF_INET }
        descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("socket") }
        // A test that waits for something that never arrives must fail, not hang.
        wait(atMost: 20)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        if let source {
            let status = Self.withIPv4(source, 0) { bind(descriptor, $0, $1) }
            guard status == 0 else { throw Failure("bind \(source)") }
        }
        let status =
            if case .unix(let path) = address {
                Self.withPath(path) { connect(descriptor, $0, $1) }
            } else if isIPv6 {
                Self.withIPv6(address.host, address.port) { connect(descriptor, $0, $1) }
            } else {
                Self.withIPv4(address.host, address.port) { connect(descriptor, $0, $1) }
            }
        guard status == 0 else { throw Failure("connect") }
    }

    deinit {
        close(descriptor)
    }

    /// Sends a text.
    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends bytes; blocks while the peer reads nothing.
    public func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // A signal is not an error; a fuzzer uses a timer.
            guard count > 0 || errno == EINTR else { throw Failure("send") }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    /// Ends the sending direction; responses are still read.
    public func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// The next response.
    ///
    /// - Parameter hasBody: `false` for the response to HEAD, which has a length but no body.
    public func response(hasBody: Bool = true) throws -> RawResponse {
        while true {
            if let (response, length) = RawResponse.parse(received, hasBody: hasBody) {
                received.removeFirst(length)
                return response
            }
            guard try receive() else { throw Failure("the connection ended before an answer; last") }
        }
    }

    /// Sends a request and awaits the response without occupying one of the few threads of async code, which the
    /// server's handler in the same process may need.
    public func answer(to request: [UInt8] = []) async throws -> RawResponse {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "RawConnection").async {
                // The handler waits behind all other work of this process's tests.
                self.wait(atMost: 60)
                continuation.resume(
                    with: Result {
                        try self.send(request)
                        return try self.response()
                    })
            }
        }
    }

    /// Sends a request as text and awaits the response.
    public func answer(to request: String) async throws -> RawResponse {
        try await answer(to: Array(request.utf8))
    }

    /// Everything up to the end of the connection.
    public func bytesToEnd() throws -> [UInt8] {
        while try receive() {}
        defer { received = [] }
        return received
    }

    /// Whether the peer closes the connection within so many seconds while nothing is read from it.
    public func isGivenUp(within seconds: Int) -> Bool {
        var state = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&state, 1, Int32(seconds * 1000)) == 1 && Int32(state.revents) & (POLLERR | POLLHUP) != 0
    }

    private func wait(atMost seconds: Int) {
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Reads more; `false` at the connection's end. A reset is also an end.
    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var count = recv(descriptor, &buffer, buffer.count, 0)
        // A signal is not an error; see above.
        while count < 0, errno == EINTR { count = recv(descriptor, &buffer, buffer.count, 0) }
        if count < 0, errno != ECONNRESET { throw Failure("recv") }
        received += buffer.prefix(max(count, 0))
        return count > 0
    }

    private static func withIPv4(_ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
        -> Int32
    {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        precondition(inet_pton(AF_INET, host, &address.sin_addr) == 1, "\(host) is no IPv4 address")
        return withUnsafeBytes(of: &address) {
            $0.withMemoryRebound(to: sockaddr.self) {
                $0.baseAddress.map { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) } ?? -1
            }
        }
    }

    private static func withPath(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafeBytes(of: &address) {
            $0.withMemoryRebound(to: sockaddr.self) {
                $0.baseAddress.map { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) } ?? -1
            }
        }
    }

    private static func withIPv6(_ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32)
        -> Int32
    {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        precondition(inet_pton(AF_INET6, host, &address.sin6_addr) == 1, "\(host) is no IPv6 address")
        return withUnsafeBytes(of: &address) {
            $0.withMemoryRebound(to: sockaddr.self) {
                $0.baseAddress.map { body($0, socklen_t(MemoryLayout<sockaddr_in6>.size)) } ?? -1
            }
        }
    }
}
