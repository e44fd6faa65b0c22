/// How many requests were counted in the hour before a moment, by counting them one by one.
///
/// Two numbers, since a scrape shows what was counted up to it, and not when: requests within one scrape interval of
/// the hour's beginning may be in or out. Where scrapes were missing there, that interval is as long as the gap.
struct RequestBounds: Sendable, Hashable {
    var least = 0
    var most = 0

    /// Of one exporter, as far as Prometheus can know it; `interval` and `window` in seconds.
    ///
    /// What was counted before the state was lost is known to nobody any more, and what an exporter counted that shows
    /// nothing now is not asked for.
    static func of(
        _ history: ExporterHistory, _ samples: [ScrapedSample], counted: [Int], at time: Int, window: Int, interval: Int
    ) -> RequestBounds {
        guard let shown = lastShown(samples, at: time, interval: interval), case .scraped(let series?) = samples[shown]
        else { return RequestBounds() }
        let moment = shown * interval - history.phase
        let lost = history.disturbances.last { $0.kind == .stateLost && $0.to <= moment }?.to ?? .min
        let start = time - window
        var earliest = start - interval
        var latest = start + interval
        let first = start < 0 ? 0 : start / interval + 1
        let before = samples.prefix(first).lastIndex { $0.isScrape }
        let behind = samples.suffix(from: first).firstIndex { $0.isScrape } ?? samples.endIndex
        let missing = ((before ?? -1) + 1)..<behind
        let lastScrape = before.map { $0 * interval - history.phase } ?? .min
        if !missing.isEmpty { earliest = min(earliest, lastScrape) }
        // While the exporter is away it counts nothing, so that such a gap costs no request; unless the source was new
        // just before, and what it showed at the hour's beginning was never scraped.
        let costsRequests = missing.contains { index in
            history.disturbances.contains { !$0.stopsExporter && $0.contains(index * interval) }
        }
        let isUnknown = !missing.isEmpty && lastScrape..<max(lastScrape, start + 1) ~= series.firstSeen
        if costsRequests || isUnknown { latest = max(latest, behind * interval - history.phase) }
        let seen = counted.filter { $0 <= moment && $0 >= lost }
        // Whether a sample that is exactly five minutes old is shown is not the same in all versions of Prometheus.
        let isShown = time - shown * interval < 300
        return RequestBounds(least: isShown ? seen.count { $0 > latest } : 0, most: seen.count { $0 >= earliest })
    }

    /// Which sample an instant query takes: the last one, if it is not older than five minutes and nothing says that
    /// the series has ended.
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
