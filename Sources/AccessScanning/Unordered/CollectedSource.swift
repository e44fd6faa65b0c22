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
