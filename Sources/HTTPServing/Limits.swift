import CMicroHTTPD
import Glibc

/// The resources that clients may use.
public struct Limits: Sendable, Hashable {
    /// Threads that handle requests.
    public var threads: Int
    /// Connections at a time. Who comes when all are taken gets the place of a client that lets the server wait.
    public var connections: Int
    /// Connections at a time from one IPv4 address, or one IPv6 network of 64 bits; likewise.
    public var connectionsPerAddress: Int
    /// After how many seconds without a byte a connection is closed.
    public var idleTimeout: Int
    /// How many seconds a request may take from its first byte to its last, and a TLS handshake with the request behind
    /// it; a body has the time for its bytes at `slowestRate` on top.
    public var requestTimeout: Int
    /// How many seconds a client may take to read an answer, with the time for its bytes on top.
    public var answerTimeout: Int
    /// Bytes per second below which a client is too slow.
    public var slowestRate: Int
    /// Bytes for the head of a request, and for as much of its answer as waits to be sent; a longer head gets a 431.
    public var connectionMemory: Int
    /// Bytes of a request's body; a longer one gets a 413.
    public var bodySize: Int
    /// Bytes of the bodies of all requests in hand together, at least one of `bodySize`; who comes when they are taken
    /// gets a 503 with `Retry-After: 1`. While a body grows, its array may take as much again.
    public var bodyMemory: Int
    /// Bytes of all answers that wait to be taken together, or one answer if that is longer; for another one those are
    /// given up that have waited longest.
    public var answerMemory: Int

    /// Limits; enough for a few scrapers and people unless given.
    public init(
        threads: Int = 2, connections: Int = 512, connectionsPerAddress: Int = 128, idleTimeout: Int = 120,
        requestTimeout: Int = 15, answerTimeout: Int = 30, slowestRate: Int = 64 << 10,
        connectionMemory: Int = 32 << 10, bodySize: Int = 64 << 10, bodyMemory: Int = 32 << 20,
        answerMemory: Int = 64 << 20
    ) {
        self.threads = threads
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
        self.answerTimeout = answerTimeout
        self.slowestRate = slowestRate
        self.connectionMemory = connectionMemory
        self.bodySize = bodySize
        self.bodyMemory = bodyMemory
        self.answerMemory = answerMemory
    }

    /// The time for a number of bytes at the slowest rate.
    func time(for bytes: Int) -> Duration {
        .seconds(Double(bytes) / Double(slowestRate))
    }
}

/// What counts as one client: an IPv4 address, or the 64 bits of an IPv6 network, in which one host has as many
/// addresses as it likes.
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

    /// The client of a connection; all whose address is not known are one.
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
