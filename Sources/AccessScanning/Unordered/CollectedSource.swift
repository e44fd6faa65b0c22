/// A source of requests in logs that were read once.
public struct CollectedSource: Sendable {
    /// The source.
    public let source: Source
    /// Its requests, within the window that was asked for.
    public var count: Int { counts.reduce(0, +) }
    /// Its requests within the same window, by the index of their analytic.
    public let counts: [Int]
    /// The highest number of requests of one analytic within any such window.
    public let highestCount: Int
    /// The outcomes of all its requests.
    public let outcomes: OutcomeSet
    /// When its first and its last request reached the API server, in seconds since 1970; `nil` if no event of it has a
    /// time.
    public let seen: ClosedRange<Double>?

    private let distinct: DistinctValues

    init(_ findings: SourceFindings, _ requests: (counts: [Int], highestCount: Int)) {
        source = findings.source
        (counts, highestCount) = requests
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
    /// The times of the first and the last request, in microseconds since 1970.
    private(set) var seen: ClosedRange<Int64>?
    private(set) var outcomes: OutcomeSet = []
    var values = DistinctValues()

    init(_ source: Source) {
        self.source = source
    }

    mutating func note(_ outcome: Outcome, at time: Int64?) {
        outcomes.insert(OutcomeSet(outcome))
        note(time)
    }

    private mutating func note(_ time: Int64?) {
        guard let time else { return }
        seen = min(seen?.lowerBound ?? time, time)...max(seen?.upperBound ?? time, time)
    }

    mutating func merge(_ other: SourceFindings) {
        note(other.seen?.lowerBound)
        note(other.seen?.upperBound)
        outcomes.formUnion(other.outcomes)
        values.merge(other.values)
    }
}

/// The times of the requests of a source.
struct RequestTimes: Sendable {
    private struct Entry: Sendable {
        var time: Int64
        var count: Int32
        var analytic: Int32
    }

    private var timed: [Entry] = []
    private var untimed: [Entry] = []

    /// - Parameter analytic: The index of the requests' analytic.
    mutating func add(_ count: Int, of analytic: Int, at time: Int64?) {
        let entry = Entry(time: time ?? 0, count: Int32(clamping: count), analytic: Int32(clamping: analytic))
        if time == nil { untimed.append(entry) } else { timed.append(entry) }
    }

    /// The requests within the window that has most of them, by analytic; of equal windows the first. Another window may
    /// have more of one analytic: `highestCount` is the highest number of one.
    ///
    /// - Parameters:
    ///   - window: In microseconds; two requests that are exactly so far apart are not in one window. `nil` for all
    ///     requests.
    ///   - analytics: The number of analytics.
    func highest(within window: Int64?, analytics: Int) -> (counts: [Int], highestCount: Int) {
        let sorted = timed.sorted { $0.time < $1.time }
        var inWindow = [Int](repeating: 0, count: analytics)
        var (highest, sum, highestSum) = (inWindow, 0, 0)
        var peaks = inWindow
        var oldest = 0
        for request in sorted {
            inWindow[Int(request.analytic)] += Int(request.count)
            sum += Int(request.count)
            while let window, request.time - sorted[oldest].time >= window, sorted[oldest].time < request.time {
                inWindow[Int(sorted[oldest].analytic)] -= Int(sorted[oldest].count)
                sum -= Int(sorted[oldest].count)
                oldest += 1
            }
            if sum > highestSum { (highest, highestSum) = (inWindow, sum) }
            let analytic = Int(request.analytic)
            peaks[analytic] = max(peaks[analytic], inWindow[analytic])
        }
        for request in untimed {
            highest[Int(request.analytic)] += Int(request.count)
            peaks[Int(request.analytic)] += Int(request.count)
        }
        return (highest, peaks.max() ?? 0)
    }
}
