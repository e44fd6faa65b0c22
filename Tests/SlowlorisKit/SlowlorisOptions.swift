public import Foundation

/// What is done to an exporter, and how long.
public struct SlowlorisOptions: Sendable {
    /// Connections that send a byte a second of a request that never ends.
    public var dripping: Int
    /// Connections that ask for the metrics and read nothing of them.
    public var unread: Int
    /// From how many addresses they come; with 0 from the scraper's own.
    public var addresses: Int
    /// How many sources the metrics show.
    public var sources: Int
    /// How long it goes on once all are connected.
    public var seconds: Double
    /// The program.
    public var exporter: URL

    /// All of it.
    public init(dripping: Int, unread: Int, addresses: Int, sources: Int, seconds: Double, exporter: URL) {
        self.dripping = dripping
        self.unread = unread
        self.addresses = addresses
        self.sources = sources
        self.seconds = seconds
        self.exporter = exporter
    }
}
