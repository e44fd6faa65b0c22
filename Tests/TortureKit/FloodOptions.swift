public import Foundation

/// The parameters of a flood.
public struct FloodOptions: Sendable {
    /// Number of requests, each from another verified address and with another claimed one.
    public var addresses: Int
    /// Number of requests of the one real source, evenly spread.
    public var requests: Int
    /// Number of kills, evenly spread; the exporter is restarted on the same state.
    public var kills: Int
    /// The memory limit of the exporter, in bytes.
    public var memoryLimit: Int
    /// The largest number of series of one family that may be created: twice the default of `--source.limit`.
    public var seriesLimit: Int
    /// The exporter.
    public var exporter: URL

    /// A flood.
    public init(
        addresses: Int = 1_000_000, requests: Int = 50, kills: Int = 0, memoryLimit: Int = 128 << 20,
        seriesLimit: Int = 20_000, exporter: URL
    ) {
        self.addresses = addresses
        self.requests = requests
        self.kills = kills
        self.memoryLimit = memoryLimit
        self.seriesLimit = seriesLimit
        self.exporter = exporter
    }
}
