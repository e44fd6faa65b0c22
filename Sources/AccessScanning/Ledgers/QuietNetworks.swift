import AuditEvents

/// The quiet sources by network, again and again: verified ones with a counter, and with requests in the last hour, too few
/// for an alert of their own.
///
/// Each page of counters is looked at when it has changed, or when a request is an hour old, and not before. So an update
/// costs little where little has changed, however many sources there are.
public struct QuietNetworks: Sendable {
    /// The number of quiet sources, and of their requests in the hour.
    public typealias Sums = [SourceNetwork: (sources: Int, requests: Int)]

    private struct Page: Sendable {
        let version: PageVersion
        /// When the sums are right, in seconds since 1970: until the first request is an hour old.
        var times: Range<Double>
        /// Sources that were found together are often of one network: one sum for each run of them.
        var sums: [(network: SourceNetwork, sources: Int, requests: Int)] = []
    }

    // Those of each part of the counters.
    private var parts: [[Page]] = []

    /// Nothing was looked at yet.
    public init() {}

    /// The quiet sources.
    ///
    /// - Parameters:
    ///   - sources: The counters by source, always with the same limits.
    ///   - now: Seconds since 1970.
    public mutating func update(_ sources: SourceCounts, at now: Double) -> Sums {
        parts = sources.counters.parts.enumerated().map { number, part in
            let old = number < parts.count ? parts[number] : []
            return part.pages.indices.map { number in
                let version = part.version(ofPage: number)
                if number < old.count, old[number].version === version, old[number].times.contains(now) {
                    return old[number]
                }
                return Self.page(part.pages[number], version, threshold: sources.limits.threshold, at: now)
            }
        }
        var sums: Sums = [:]
        for sum in parts.joined().lazy.flatMap(\.sums) {
            sums[sum.network, default: (0, 0)].sources += sum.sources
            sums[sum.network, default: (0, 0)].requests += sum.requests
        }
        return sums
    }

    private static func page(
        _ counters: [SourceCounter], _ version: PageVersion, threshold: Int, at now: Double
    ) -> Page {
        var page = Page(version: version, times: now..<Double.infinity)
        // By index, since a copy of a whole counter takes most of the time.
        for place in counters.indices
        where counters[place].source.origin == .verified
            && now - counters[place].lastSeen < ScanningThreshold.window + 1
        {
            let requests = counters[place].recent.count(at: now)
            guard requests > 0 else { continue }
            // Rounding can make the end equal to `now`; the page is then looked at again each time.
            let end = counters[place].recent.end(ofNewest: requests)
            page.times = now..<max(now, min(page.times.upperBound, end))
            guard requests <= threshold, let network = SourceNetwork(counters[place].source.address) else { continue }
            if page.sums.last?.network != network { page.sums.append((network, 0, 0)) }
            page.sums[page.sums.count - 1].sources += 1
            page.sums[page.sums.count - 1].requests += requests
        }
        return page
    }
}

extension SourceCounts {
    /// The quiet sources of each network, see `QuietNetworks`.
    ///
    /// - Parameter now: Seconds since 1970.
    public func quietSources(at now: Double) -> QuietNetworks.Sums {
        var quiet = QuietNetworks()
        return quiet.update(self, at: now)
    }
}
