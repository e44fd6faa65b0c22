/// A time in which an exporter or its scrapes are not as usual; seconds since the history's beginning.
struct Disturbance: Sendable, Hashable, CustomStringConvertible {
    enum Kind: Sendable, Hashable, CaseIterable {
        /// The exporter is down, and comes back with its counters.
        case away
        /// The exporter is down, and comes back without its counters.
        case stateLost
        /// Scrapes fail; Prometheus marks the series as stale.
        case scrapesFail
        /// Prometheus is down; nothing is written, not even that.
        case prometheusAway
    }

    var kind: Kind
    var from: Int
    /// The first second after it.
    var to: Int

    /// Whether the exporter counts nothing meanwhile.
    var stopsExporter: Bool { kind == .away || kind == .stateLost }

    /// When an exporter that was away begins to count what it finds: who was away for more than half an hour shows
    /// its counters of before for a minute first.
    var countsAgain: Int { kind == .away && to - from > 1800 ? to + 60 : to }

    func contains(_ time: Int) -> Bool { (from..<to).contains(time) }

    var description: String { "\(kind) \(from)..<\(to)" }
}
