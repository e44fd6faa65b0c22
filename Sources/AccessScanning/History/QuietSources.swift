/// The sources of a network with few requests.
public struct QuietSources: Sendable, Hashable {
    /// The number of sources with at least one request within the hour, each with too few for a scan.
    public var sources = 0
    /// The number of their requests within the hour.
    public var requests: UInt64 = 0

    init() {}

    /// - Parameters:
    ///   - timelines: The sources of the network.
    ///   - time: The end of the hour.
    ///   - threshold: The largest number of requests that is not a scan.
    public init(of timelines: [RequestTimeline], at time: Int64, threshold: Int) {
        for timeline in timelines {
            let count = timeline.count(after: time - 3_600_000_000, upTo: time)
            guard count > 0, count <= UInt64(threshold) else { continue }
            sources += 1
            requests += count
        }
    }
}

/// Follows the requests of a network within the last hour, in the order of time.
///
/// The alert on a network needs enough requests, enough of them from quiet sources, and enough quiet sources. A sample at
/// the time at which one of the three is reached keeps an alert of the past from being late, also among many other
/// requests.
public struct NetworkSweep: Sendable {
    private static let hour: Int64 = 3_600_000_000

    private let threshold: Int
    private var counts: [Int]
    private var quiet = QuietSources()
    private var requests = 0

    private init(sources: Int, threshold: Int) {
        self.threshold = threshold
        counts = Array(repeating: 0, count: sources)
    }

    /// The first time within each step at which something that the alert needs is reached.
    ///
    /// - Parameters:
    ///   - timelines: The sources of the network.
    ///   - threshold: The largest number of requests of a source that is not a scan.
    ///   - networkThreshold: The same for the network.
    ///   - leastSources: The fewest quiet sources of a scan.
    ///   - step: The time between two regular samples.
    public static func notableTimes(
        of timelines: [RequestTimeline], threshold: Int, networkThreshold: Int, leastSources: Int = 5, step: Int64
    ) -> [Int64] {
        let events = timelines.enumerated().flatMap { source, timeline in
            timeline.requests.map { (time: $0.time, source: source, count: $0.count) }
        }.sorted { $0.time < $1.time }
        var sweep = NetworkSweep(sources: timelines.count, threshold: threshold)
        var notable: [Int64] = []
        var wasReached = [false, false, false]
        var latestSteps: [Int64?] = [nil, nil, nil]
        var (next, oldest) = (0, 0)
        while next < events.count {
            let time = events[next].time
            while events[oldest].time <= time - hour {
                sweep.add(-events[oldest].count, to: events[oldest].source)
                oldest += 1
            }
            while next < events.count, events[next].time == time {
                sweep.add(events[next].count, to: events[next].source)
                next += 1
            }
            let isReached = [
                sweep.requests > networkThreshold, sweep.quiet.requests > UInt64(networkThreshold),
                sweep.quiet.sources >= leastSources,
            ]
            let place = time / step
            for condition in 0..<3
            where isReached[condition] && !wasReached[condition] && latestSteps[condition] != place {
                latestSteps[condition] = place
                if notable.last != time { notable.append(time) }
            }
            wasReached = isReached
        }
        return notable
    }

    private mutating func add(_ count: Int, to source: Int) {
        tally(source, by: -1)
        counts[source] += count
        requests += count
        tally(source, by: 1)
    }

    private mutating func tally(_ source: Int, by sign: Int) {
        guard (1...max(1, threshold)).contains(counts[source]), counts[source] <= threshold else { return }
        quiet.sources += sign
        if sign > 0 { quiet.requests += UInt64(counts[source]) } else { quiet.requests -= UInt64(counts[source]) }
    }
}
