public import Foundation

/// How the exporter is tortured.
public struct TortureOptions: Sendable {
    /// Where all that is random follows from; when things happen depends on the machine too.
    public var seed: UInt64
    /// How often the exporter is killed.
    public var kills: Int
    /// After so long it is killed no more, in any case.
    public var seconds: Double
    /// How many connections send the webhook's batches.
    public var senders: Int
    /// How long the exporter may take to catch up in the end. A file that it cannot judge yet it looks at again after a
    /// minute.
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
