/// The number of requests that were counted in the hour before a time, by counting them one by one.
///
/// Two numbers, because a scrape shows the count up to its time, not the times of the requests: requests within one
/// scrape interval of the hour's beginning may be inside or outside. If scrapes are missing there, that interval is as
/// long as the gap.
struct RequestBounds: Sendable, Hashable {
    var least = 0
    var most = 0

    /// For one exporter, as far as Prometheus can know; `interval` and `window` in seconds.
    ///
    /// Requests before a loss of the state are unknown, and requests of an exporter that currently exposes nothing are
    /// not included. The old series of a replaced target may still be included, also beside those of a new state.
    static func of(
        _ history: ExporterHistory, _ samples: [ScrapedSample], _ targets: [TargetSeries], counted: [Int],
        at time: Int, window: Int, interval: Int
    ) -> RequestBounds {
        var shown: [Int: RequestBounds] = [:]
        for target in targets {
            guard let last = lastShown(target.samples, at: time, interval: interval),
                case .scraped(let series?) = target.samples[last]
            else { continue }
            let lost = history.disturbances.last { $0.kind == .stateLost && $0.to <= series.moment }?.to ?? .min
            var own = bounds(
                of: series, lost: lost, history, samples, counted: counted, at: time, window: window,
                interval: interval)
            // Whether a sample that is exactly five minutes old is returned differs between versions of Prometheus.
            if time - last * interval >= 300 { own.least = 0 }
            let known = shown[lost] ?? RequestBounds()
            shown[lost] = RequestBounds(least: max(known.least, own.least), most: max(known.most, own.most))
        }
        let newest = shown.keys.max()
        return shown.reduce(into: RequestBounds()) { sum, state in
            sum.least += state.key == newest ? state.value.least : 0
            sum.most += state.value.most
        }
    }

    /// For the state that a series shows.
    private static func bounds(
        of series: SourceSeries, lost: Int, _ history: ExporterHistory, _ samples: [ScrapedSample], counted: [Int],
        at time: Int, window: Int, interval: Int
    ) -> RequestBounds {
        let start = time - window
        var earliest = start - interval
        var latest = start + interval
        let first = start < 0 ? 0 : start / interval + 1
        let before = samples.prefix(first).lastIndex { $0.isScrape }
        let behind = samples.suffix(from: first).firstIndex { $0.isScrape } ?? samples.endIndex
        let missing = ((before ?? -1) + 1)..<behind
        let lastScrape = before.map { $0 * interval - history.phase } ?? .min
        if !missing.isEmpty { earliest = min(earliest, lastScrape) }
        // A downtime of the exporter has no counted requests, so such a gap costs none, unless the source was new just
        // before and its value at the hour's beginning was never scraped.
        let costsRequests = missing.contains { index in
            history.disturbances.contains { !$0.stopsExporter && $0.contains(index * interval) }
        }
        let isUnknown = !missing.isEmpty && lastScrape..<max(lastScrape, start + 1) ~= series.firstSeen
        if costsRequests || isUnknown { latest = max(latest, behind * interval - history.phase) }
        let seen = counted.filter { $0 <= series.moment && $0 >= lost }
        return RequestBounds(least: seen.count { $0 > latest }, most: seen.count { $0 >= earliest })
    }

    /// The sample of an instant query: the last one, unless it is older than five minutes or the series has ended.
    private static func lastShown(_ samples: [ScrapedSample], at time: Int, interval: Int) -> Int? {
        for index in stride(from: time / interval, through: 0, by: -1) where time - index * interval <= 300 {
            switch samples[index] {
            case .scraped(let series): return series == nil ? nil : index
            case .failed(leavesMark: true): return nil
            case .failed(leavesMark: false): continue
            }
        }
        return nil
    }
}

extension ScrapedSample {
    var isScrape: Bool {
        if case .scraped = self { true } else { false }
    }
}
