/// A source of requests in logs that were read once.
public struct CollectedSource: Sendable {
    /// The source.
    public let source: Source
    /// Its requests, within the window that was asked for.
    public let count: Int
    /// When its first and its last request reached the API server, in seconds since 1970; `nil` if no event of it has a
    /// time.
    public let seen: ClosedRange<Double>?

    private let distinct: DistinctValues

    init(_ findings: SourceFindings, count: Int) {
        source = findings.source
        self.count = count
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
    var values = DistinctValues()

    init(_ source: Source) {
        self.source = source
    }

    mutating func note(_ time: Int64?) {
        guard let time else { return }
        seen = min(seen?.lowerBound ?? time, time)...max(seen?.upperBound ?? time, time)
    }

    mutating func merge(_ other: SourceFindings) {
        note(other.seen?.lowerBound)
        note(other.seen?.upperBound)
        values.merge(other.values)
    }
}

/// The times of the requests of a source.
struct RequestTimes: Sendable {
    private var timed: [(time: Int64, count: Int)] = []
    private var untimed = 0
    private var total = 0

    mutating func add(_ count: Int, at time: Int64?) {
        total += count
        if let time { timed.append((time, count)) } else { untimed += count }
    }

    /// The highest number of requests within any window.
    ///
    /// - Parameter window: In microseconds; two requests that are exactly so far apart are not in one window. `nil` for
    ///   all requests.
    func highest(within window: Int64?) -> Int {
        guard let window else { return total }
        let sorted = timed.sorted { $0.time < $1.time }
        var highest = 0
        var inWindow = 0
        var oldest = 0
        for request in sorted {
            inWindow += request.count
            while request.time - sorted[oldest].time >= window, sorted[oldest].time < request.time {
                inWindow -= sorted[oldest].count
                oldest += 1
            }
            highest = max(highest, inWindow)
        }
        return highest + untimed
    }
}
