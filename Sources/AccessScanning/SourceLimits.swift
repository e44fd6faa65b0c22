/// How many sources are kept, and how long.
public struct SourceLimits: Sendable, Hashable {
    /// At most so many verified sources have a counter of their own.
    public var verified: Int
    /// At most so many claimed sources have a counter of their own; a budget apart, so that forged headers can never
    /// push out a verified source.
    public var claimed: Int
    /// At most so many networks of verified sources have a counter of their own.
    public var networks: Int
    /// A source or network that was silent for so many seconds is retired.
    public var retention: Double

    /// Limits; those of the exporter unless given.
    public init(verified: Int = 10_000, claimed: Int = 1_000, networks: Int = 5_000, retention: Double = 24 * 3600) {
        self.verified = verified
        self.claimed = claimed
        self.networks = networks
        self.retention = retention
    }

    /// The budget of an origin.
    public subscript(origin: Origin) -> Int {
        switch origin {
        case .verified: verified
        case .claimed: claimed
        }
    }
}
