public import Foundation

/// The load on the exporter, and its duration.
public struct SlowlorisOptions: Sendable {
    /// Connections that send a byte a second of a request that never ends.
    public var dripping: Int
    /// Connections that request the metrics and read nothing of the response.
    public var unread: Int
    /// Number of client addresses; 0 for the scraper's own.
    public var addresses: Int
    /// Number of sources in the metrics.
    public var sources: Int
    /// Duration after all clients are connected.
    public var seconds: Double
    /// The program.
    public var exporter: URL

    /// All options.
    public init(dripping: Int, unread: Int, addresses: Int, sources: Int, seconds: Double, exporter: URL) {
        self.dripping = dripping
        self.unread = unread
        self.addresses = addresses
        self.sources = sources
        self.seconds = seconds
        self.exporter = exporter
    }
}
