/// How many requests sources made, and at most how many within a window of time.
///
/// ```swift
/// counts.add(3, of: source, analytic, isTimed: true)  // for all requests
/// counts.enter(3, of: source, analytic)  // in the order of time, when the end of the window reaches requests
/// counts.leave(3, of: source, analytic)  // when its beginning does
/// ```
struct WindowCounts {
    private let analytics: Int
    // By source and analytic, with the sum of a source behind its analytics: all requests, those without a time, those that
    // are in the window, and the most that were in it.
    private var all: [Int]
    private var untimed: [Int]
    private var inside: [Int] = []
    private var highest: [Int] = []

    /// - Parameters:
    ///   - sources: The number of sources.
    ///   - analytics: The number of analytics.
    init(sources: Int, analytics: Int) {
        self.analytics = analytics
        all = [Int](repeating: 0, count: sources * (analytics + 1))
        untimed = all
    }

    /// Adds requests of a source.
    mutating func add(_ count: Int, of source: Int, _ analytic: Int, isTimed: Bool) {
        let (one, sum) = places(source, analytic)
        all[one] += count
        all[sum] += count
        guard !isTimed else { return }
        untimed[one] += count
        untimed[sum] += count
    }

    /// Adds all requests that are counted elsewhere for an index.
    mutating func add(_ other: WindowCounts, of index: Int, to source: Int) {
        for analytic in 0...analytics {
            let (own, others) = (source * (analytics + 1) + analytic, index * (analytics + 1) + analytic)
            all[own] += other.all[others]
            untimed[own] += other.untimed[others]
        }
    }

    /// Begins with a window before all requests.
    mutating func beginWindow() {
        inside = [Int](repeating: 0, count: all.count)
        highest = inside
    }

    /// Adds requests to the window.
    mutating func enter(_ count: Int, of source: Int, _ analytic: Int) {
        let (one, sum) = places(source, analytic)
        inside[one] += count
        inside[sum] += count
        highest[one] = max(highest[one], inside[one])
        highest[sum] = max(highest[sum], inside[sum])
    }

    /// Removes requests from the window.
    mutating func leave(_ count: Int, of source: Int, _ analytic: Int) {
        let (one, sum) = places(source, analytic)
        inside[one] -= count
        inside[sum] -= count
    }

    /// The highest numbers of requests of a source, of all analytics and of each: those in any window and those without a
    /// time, or all without a window. The windows may differ.
    func highest(of source: Int) -> (all: Int, ofEach: [Int]) {
        let places = source * (analytics + 1)..<(source + 1) * (analytics + 1)
        let counts = places.map { highest.isEmpty ? all[$0] : highest[$0] + untimed[$0] }
        return (counts[analytics], Array(counts.dropLast()))
    }

    /// The places of an analytic of a source, and of the source.
    private func places(_ source: Int, _ analytic: Int) -> (Int, Int) {
        (source * (analytics + 1) + analytic, (source + 1) * (analytics + 1) - 1)
    }
}

/// Requests of one party and analytic at one time.
struct TimedRequests {
    /// In microseconds since 1970.
    let time: Int64
    let party: Int
    let analytic: Int
    let count: Int
}

extension TimedRequests {
    init(_ found: AlikeRequests.Found, at time: Int64) {
        self.init(time: time, party: found.party, analytic: found.kind.analytic, count: found.count)
    }
}

/// All requests that have a time, in the order of time.
struct Timeline: IteratorProtocol {
    private var requests: AlikeRequests.InOrder
    private var request: TimedRequests?
    private let others: [TimedRequests]
    private var other = 0

    /// - Parameter others: Other requests in the order of time.
    init(_ requests: AlikeRequests.InOrder, _ others: [TimedRequests]) {
        self.requests = requests
        self.others = others
        takeRequest()
    }

    mutating func next() -> TimedRequests? {
        guard other < others.count, others[other].time < request?.time ?? .max else {
            defer { takeRequest() }
            return request
        }
        defer { other += 1 }
        return others[other]
    }

    private mutating func takeRequest() {
        request = requests.next().map { TimedRequests($0, at: $0.key.time) }
    }
}
