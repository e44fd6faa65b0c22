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

    init(_ findings: SourceFindings, _ times: RequestTimes, within window: Int64?, analytics: Int) {
        source = findings.source
        count = times.highest(within: window)
        counts = analytics == 1 ? [count] : (0..<analytics).map { times.highest(within: window, of: $0) }
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

    /// The highest number of requests within a window.
    ///
    /// - Parameters:
    ///   - window: In microseconds; two requests that are exactly so far apart are not in one window. `nil` for all
    ///     requests.
    ///   - analytic: The index of the analytic whose requests count; `nil` for those of all.
    func highest(within window: Int64?, of analytic: Int? = nil) -> Int {
        let isCounted = { (entry: Entry) in analytic.map { entry.analytic == $0 } ?? true }
        let sorted = timed.filter(isCounted).sorted { $0.time < $1.time }
        var (sum, highest, oldest) = (0, 0, 0)
        for request in sorted {
            sum += Int(request.count)
            while let window, request.time - sorted[oldest].time >= window, sorted[oldest].time < request.time {
                sum -= Int(sorted[oldest].count)
                oldest += 1
            }
            highest = max(highest, sum)
        }
        return untimed.filter(isCounted).reduce(highest) { $0 + Int($1.count) }
    }
}
