/// A source of requests in logs that were read once.
public struct CollectedSource: Sendable {
    /// The source.
    public let source: Source
    /// The highest number of its requests within a window of the length that was asked for.
    public let count: Int
    /// The highest number of requests of each analytic within such a window, by the index of the analytic. The windows
    /// may differ, so that the sum can be larger than `count`.
    public let counts: [Int]
    /// The outcomes of all its requests.
    public let outcomes: OutcomeSet
    /// When its first and its last request reached the API server, in seconds since 1970; `nil` if no event of it has a
    /// time.
    public let seen: ClosedRange<Double>?

    private let distinct: DistinctValues

    init(_ findings: SourceFindings, _ highest: (all: Int, ofEach: [Int])) {
        source = findings.source
        count = highest.all
        counts = highest.ofEach
        outcomes = findings.outcomes
        seen = findings.seen.map { Double($0.lowerBound) / 1_000_000...Double($0.upperBound) / 1_000_000 }
        distinct = findings.values
    }

    /// The distinct values of a column in the order in which they were first seen, at most `DistinctValues.limit`.
    public func values(_ column: Evidence.Column) -> [String] { distinct.values(column) }

    /// How many more distinct values the column has.
    public func valuesLeftOut(_ column: Evidence.Column) -> Int { distinct.leftOut(column) }
}

extension CollectedSource {
    private func precedesByAddress(_ other: CollectedSource) -> Bool {
        let (own, others) = (place, other.place)
        return own != others ? own < others : source.origin.rawValue > other.source.origin.rawValue
    }

    /// Addresses by their number; `invalid` is last.
    private var place: (UInt64, UInt64) {
        guard case .address(let address) = source.address else { return (.max, .max) }
        return (address.high, address.low)
    }

    /// The order of the list: the most requests first, then by address, a verified source before a claimed one.
    func precedes(_ other: CollectedSource) -> Bool {
        count != other.count ? count > other.count : precedesByAddress(other)
    }
}

/// The collected values of a source, without its requests.
struct SourceFindings: Sendable {
    let source: Source
    let values: DistinctValues
    /// The times of the first and the last request, in microseconds since 1970.
    private(set) var seen: ClosedRange<Int64>?
    private(set) var outcomes: OutcomeSet = []

    init(_ source: Source, values: DistinctValues) {
        self.source = source
        self.values = values
    }

    /// Adds requests of these outcomes; without times, `first` is after `last`.
    mutating func merge(first: Int64, last: Int64, _ outcomes: OutcomeSet) {
        self.outcomes.formUnion(outcomes)
        guard first <= last else { return }
        seen = min(seen?.lowerBound ?? first, first)...max(seen?.upperBound ?? last, last)
    }

    /// Whether all requests are in one window, whose length is in microseconds; `nil` for any.
    func isWithin(_ window: Int64?) -> Bool {
        guard let window, let seen else { return true }
        return seen.upperBound - seen.lowerBound < window
    }
}

/// How many requests sources made, and when.
///
/// The times are kept only of the sources for which they matter: those whose requests are not all in one window.
struct RequestTimes {
    private let areKept: [Bool]
    private let analytics: Int
    // By source and analytic: all requests, and those without a time.
    private var all: [Int]
    private var untimed: [Int]
    // By source, in the order of time: the microsecond of a request, and the analytic in the lowest bits.
    private var times: [UInt64] = []
    private var ranges: [Range<Int>] = []

    private static let analyticBits = UInt64(3)

    /// - Parameters:
    ///   - areKept: Whether the times of each source are kept.
    ///   - analytics: The number of analytics.
    ///   - forEach: Visits all requests of the sources.
    init(
        _ areKept: [Bool], analytics: Int,
        forEach: ((_ source: Int, _ analytic: Int, _ time: Int64?, _ count: Int) -> Void) -> Void
    ) {
        self.areKept = areKept
        self.analytics = analytics
        var all = [Int](repeating: 0, count: areKept.count * analytics)
        var untimed = all
        forEach { source, analytic, time, count in
            all[source * analytics + analytic] += count
            if time == nil { untimed[source * analytics + analytic] += count }
        }
        (self.all, self.untimed) = (all, untimed)
        guard areKept.contains(true) else { return }
        var end = 0
        ranges = areKept.indices.map { source in
            let start = end
            if areKept[source] { end += requests(of: source, all) - requests(of: source, untimed) }
            return start..<end
        }
        var next = ranges.map(\.lowerBound)
        var times = [UInt64](repeating: 0, count: end)
        forEach { source, analytic, time, count in
            guard areKept[source], let time else { return }
            for _ in 0..<count {
                times[next[source]] = UInt64(time) << Self.analyticBits | UInt64(analytic)
                next[source] += 1
            }
        }
        // Logs are almost in the order of time.
        for range in ranges { times[range].sort() }
        self.times = times
    }

    private func requests(of source: Int, _ counts: [Int]) -> Int {
        counts[source * analytics..<(source + 1) * analytics].reduce(0, +)
    }

    /// The highest number of requests of a source within a window, of all analytics and of each. The windows may differ.
    ///
    /// - Parameter window: In microseconds; two requests that are exactly so far apart are not in one window. `nil` for all
    ///   requests.
    func highest(of source: Int, within window: Int64?) -> (all: Int, ofEach: [Int]) {
        let counts = source * analytics..<(source + 1) * analytics
        guard areKept[source], let window = window.map({ UInt64($0) }) else {
            return (all[counts].reduce(0, +), Array(all[counts]))
        }
        var inside = [Int](repeating: 0, count: analytics)
        var highest = inside
        var (sum, highestSum) = (0, 0)
        var oldest = ranges[source].lowerBound
        for place in ranges[source] {
            let time = times[place] >> Self.analyticBits
            let analytic = Int(times[place] & (1 << Self.analyticBits - 1))
            inside[analytic] += 1
            sum += 1
            while time - times[oldest] >> Self.analyticBits >= window, times[oldest] >> Self.analyticBits < time {
                inside[Int(times[oldest] & (1 << Self.analyticBits - 1))] -= 1
                sum -= 1
                oldest += 1
            }
            highest[analytic] = max(highest[analytic], inside[analytic])
            highestSum = max(highestSum, sum)
        }
        return (
            highestSum + untimed[counts].reduce(0, +), zip(highest, untimed[counts]).map { $0 + $1 }
        )
    }
}
