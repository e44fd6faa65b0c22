/// What a client may take of the server.
public struct Limits: Sendable, Hashable {
    /// Threads that answer requests.
    public var threads: Int
    /// Connections at a time.
    public var connections: Int
    /// Connections at a time from one address.
    public var connectionsPerAddress: Int
    /// After how many seconds without a byte a connection is closed.
    public var idleTimeout: Int
    /// Bytes for the head of a request, and for as much of its answer as waits to be sent; a longer head gets a 431.
    public var connectionMemory: Int
    /// Bytes of a request's body; a longer one gets a 413.
    public var bodySize: Int
    /// Bytes of the bodies of all requests in hand together, at least one of `bodySize`; who comes when they are taken
    /// gets a 503 with `Retry-After: 1`. While a body grows, its array may take as much again.
    public var bodyMemory: Int

    /// Limits; enough for a few scrapers and people unless given.
    public init(
        threads: Int = 2, connections: Int = 512, connectionsPerAddress: Int = 128, idleTimeout: Int = 30,
        connectionMemory: Int = 32 << 10, bodySize: Int = 64 << 10, bodyMemory: Int = 32 << 20
    ) {
        self.threads = threads
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.idleTimeout = idleTimeout
        self.connectionMemory = connectionMemory
        self.bodySize = bodySize
        self.bodyMemory = bodyMemory
    }
}
