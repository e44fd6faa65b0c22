public import Foundation

/// The parameters of the torture.
public struct TortureOptions: Sendable {
    /// Seed of all random decisions; their timing also depends on the machine.
    public var seed: UInt64
    /// Number of kills.
    public var kills: Int
    /// Duration after which it is no longer killed.
    public var seconds: Double
    /// Number of connections that send webhook batches.
    public var senders: Int
    /// The time that the exporter may take to catch up at the end. It checks a file that it cannot judge yet again
    /// after a minute.
    public var patience: Duration = .seconds(90)
    /// The exporter.
    public var exporter: URL

    /// Options.
    public init(seed: UInt64, kills: Int, seconds: Double, senders: Int = 3, exporter: URL) {
        self.seed = seed
        self.kills = kills
        self.seconds = seconds
        self.senders = senders
        self.exporter = exporter
    }
}
