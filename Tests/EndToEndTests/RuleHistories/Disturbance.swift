/// A period in which an exporter or its scrapes fail; seconds since the start of the history.
struct Disturbance: Sendable, Hashable, CustomStringConvertible {
    enum Kind: Sendable, Hashable, CaseIterable {
        /// The exporter is down, and returns with its counters.
        case away
        /// The exporter is down, and returns without its counters.
        case stateLost
        /// Scrapes fail; Prometheus marks the series as stale.
        case scrapesFail
        /// Prometheus is down; nothing is written, not even stale markers.
        case prometheusAway
    }

    var kind: Kind
    var from: Int
    /// The first second after it.
    var to: Int

    /// Whether the exporter counts nothing meanwhile.
    var stopsExporter: Bool { kind == .away || kind == .stateLost }

    /// When an exporter that was down starts to count its backlog: after more than half an hour, it exposes its old
    /// counters for a minute first.
    var countsAgain: Int { kind == .away && to - from > 1800 ? to + 60 : to }

    func contains(_ time: Int) -> Bool { (from..<to).contains(time) }

    var description: String { "\(kind) \(from)..<\(to)" }
}
