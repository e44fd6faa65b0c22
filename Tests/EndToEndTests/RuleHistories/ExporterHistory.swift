/// The history of one source on one exporter; seconds since the start of the history.
struct ExporterHistory: Sendable, CustomStringConvertible {
    /// Times of the requests, in order.
    var requests: [Int]
    /// In order, some minutes apart.
    var disturbances: [Disturbance]
    /// Age of the state that a scrape shows.
    var phase: Int
    /// The initial value of a counter of the day before; `nil` for none.
    var oldCounter: Int?
    /// Seconds of silence after which the source is retired; at least the window.
    var retention: Int
    /// Changes of the target's labels, in order.
    var labelChanges: [LabelChange] = []
    /// Labels of all its series.
    var labels: [String: String] = [:]
    /// Whether a second job scrapes it.
    var isScrapedTwice = false

    var description: String {
        "requests \(requests), \(disturbances), phase \(phase), old counter \(oldCounter.map(String.init) ?? "none"), "
            + "retention \(retention), \(labelChanges), labels \(labels), scraped twice: \(isScrapedTwice)"
    }

    /// When each request is counted: at once, or when the exporter is back.
    var counted: [Int] {
        requests.map { request in
            disturbances.first { $0.stopsExporter && (request < $0.countsAgain) && request >= $0.from }?.countsAgain
                ?? request
        }
    }

    /// The scrapes at each multiple of `interval` below `end`.
    func samples(every interval: Int, until end: Int) -> [ScrapedSample] {
        var counter = oldCounter.map { SourceSeries(requests: $0, firstSeen: -86400, lastCounted: 0) }
        var pending = counted[...]
        var lost = disturbances.filter { $0.kind == .stateLost }.map(\.to)[...]
        // Advances the counter to a time: counts, losses and retirements before it.
        func advance(to moment: Int) {
            while true {
                let loss = lost.first ?? .max
                let count = pending.first ?? .max
                guard min(loss, count) <= moment else { break }
                if loss <= count {
                    counter = nil
                    lost.removeFirst()
                } else {
                    retire(at: count)
                    counter = counter ?? SourceSeries(requests: 0, firstSeen: count, lastCounted: count)
                    counter?.requests += 1
                    counter?.lastCounted = count
                    pending.removeFirst()
                }
            }
            retire(at: moment)
        }
        func retire(at moment: Int) {
            if let silentSince = counter?.lastCounted, moment - silentSince > retention { counter = nil }
        }
        return stride(from: 0, to: end, by: interval).map { time in
            let shown = time - phase
            advance(to: shown)
            if let disturbance = disturbances.first(where: { $0.contains($0.stopsExporter ? shown : time) }) {
                return .failed(leavesMark: disturbance.kind != .prometheusAway)
            }
            counter?.moment = shown
            return .scraped(counter)
        }
    }
}

/// The series of a source on one exporter, at one moment.
struct SourceSeries: Sendable, Hashable {
    var requests: Int
    var firstSeen: Int
    var lastCounted: Int
    /// The time of the state that was scraped.
    var moment = 0
}

/// The result of one scrape.
enum ScrapedSample: Sendable, Hashable {
    /// The source's counter, if it has one.
    case scraped(SourceSeries?)
    /// No result. Prometheus marks the series as stale, unless it is down itself.
    case failed(leavesMark: Bool)
}
