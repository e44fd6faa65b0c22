public import Foundation

/// How the exporter is flooded.
public struct FloodOptions: Sendable {
    /// So many requests are made, each from another verified address and with another claimed one.
    public var addresses: Int
    /// So many requests the one real source makes meanwhile, evenly spread.
    public var requests: Int
    /// So often the exporter is killed meanwhile, evenly spread, and started again on the same state.
    public var kills: Int
    /// The most memory that the exporter may take, in bytes.
    public var memoryLimit: Int
    /// The exporter.
    public var exporter: URL

    /// A flood.
    public init(
        addresses: Int = 1_000_000, requests: Int = 50, kills: Int = 0, memoryLimit: Int = 128 << 20, exporter: URL
    ) {
        self.addresses = addresses
        self.requests = requests
        self.kills = kills
        self.memoryLimit = memoryLimit
        self.exporter = exporter
    }
}
