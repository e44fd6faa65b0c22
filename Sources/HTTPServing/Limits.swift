import CMicroHTTPD
import Glibc

/// The resources that clients may use.
public struct Limits: Sendable, Hashable {
    /// Threads that handle requests.
    public var threads: Int
    /// Maximum number of connections. When all are taken, a new one gets the place of a client that the server waits
    /// for.
    public var connections: Int
    /// Maximum number of connections from one IPv4 address or one IPv6 /64 network; a new one gets a place likewise.
    public var connectionsPerAddress: Int
    /// Seconds without a byte after which a connection is closed.
    public var idleTimeout: Int
    /// Maximum seconds from the first byte of a request to its last, or from the beginning of a TLS handshake to the
    /// end of the first request. A body adds the time for its bytes at `slowestRate`.
    public var requestTimeout: Int
    /// Maximum seconds for a client to read a response, plus the time for its bytes at `slowestRate`.
    public var responseTimeout: Int
    /// Bytes per second below which a client is too slow.
    public var slowestRate: Int
    /// Bytes for the head of a request and for the send buffer of its response; a longer head gets a 431.
    public var connectionMemory: Int
    /// Bytes of a request's body; a longer one gets a 413.
    public var bodySize: Int
    /// Total bytes of the bodies of all requests in progress, at least `bodySize`. When they are used up, a request
    /// gets a 503 with `Retry-After: 1`. While a body grows, its array may take as much again.
    public var bodyMemory: Int
    /// Total bytes of the responses that clients have not read yet; a single response may be longer. When they are used
    /// up, the connections that have been reading longest are cut.
    public var responseMemory: Int

    /// The defaults are enough for a few scrapers and browsers.
    public init(
        threads: Int = 2, connections: Int = 512, connectionsPerAddress: Int = 128, idleTimeout: Int = 120,
        requestTimeout: Int = 15, responseTimeout: Int = 30, slowestRate: Int = 64 << 10,
        connectionMemory: Int = 32 << 10, bodySize: Int = 64 << 10, bodyMemory: Int = 32 << 20,
        responseMemory: Int = 64 << 20
    ) {
        self.threads = threads
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
        self.responseTimeout = responseTimeout
        self.slowestRate = slowestRate
        self.connectionMemory = connectionMemory
        self.bodySize = bodySize
        self.bodyMemory = bodyMemory
        self.responseMemory = responseMemory
    }

    /// The time for a number of bytes at the slowest rate.
    func time(for bytes: Int) -> Duration {
        .seconds(Double(bytes) / Double(slowestRate))
    }
}

/// The unit that limits apply to: an IPv4 address, or an IPv6 /64 network, in which one host can choose its address.
struct ClientNetwork: Sendable, Hashable {
    /// 4 or 8 bytes; zero if the address is unknown.
    private let length: Int
    private let bits: UInt64

    /// - Parameter address: The bytes of an address, 4 or 16.
    init(address: [UInt8]) {
        let isMapped = address.count == 16 && address.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF])
        let bytes = isMapped ? address.suffix(4) : address.prefix(8)
        length = bytes.count
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The client of a connection; all clients with an unknown address are one.
    init(_ address: UnsafePointer<sockaddr>?) {
        let raw = UnsafeRawPointer(address)
        switch (address?.pointee.sa_family).map(Int32.init) {
        case AF_INET?:
            let address = raw?.loadUnaligned(as: sockaddr_in.self).sin_addr
            self.init(address: address.map { withUnsafeBytes(of: $0) { Array($0) } } ?? [])
        case AF_INET6?:
            let address = raw?.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            self.init(address: address.map { withUnsafeBytes(of: $0) { Array($0) } } ?? [])
        default: self.init(address: [])
        }
    }
}
