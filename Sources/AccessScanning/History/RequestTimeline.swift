/// When the requests of a source or of a network were made. All times are microseconds since 1970.
public struct RequestTimeline: Sendable, Hashable {
    /// A time at which at least one request was made.
    struct Moment: Sendable, Hashable {
        var time: Int64
        /// The number of requests made by then.
        var total: UInt64
    }

    /// In the order of time, each time once.
    let moments: [Moment]

    /// - Parameter requests: Times and the number of requests at each, in any order.
    public init(_ requests: [(time: Int64, count: Int)]) {
        var moments: [Moment] = []
        moments.reserveCapacity(requests.count)
        for request in requests.sorted(by: { $0.time < $1.time }) {
            let total = (moments.last?.total ?? 0) + UInt64(request.count)
            if moments.last?.time == request.time {
                moments[moments.count - 1].total = total
            } else {
                moments.append(Moment(time: request.time, total: total))
            }
        }
        self.moments = moments
    }

    /// The number of all requests.
    public var total: UInt64 { moments.last?.total ?? 0 }

    /// The number of requests after `start` and up to `end`.
    func count(after start: Int64, upTo end: Int64) -> UInt64 {
        total(at: end) - total(at: start)
    }

    private func total(at time: Int64) -> UInt64 {
        // The first moment after the time.
        var low = 0
        var high = moments.count
        while low < high {
            let middle = (low + high) / 2
            if moments[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? moments[low - 1].total : 0
    }
}

/// When the requests of all sources and networks were made.
public struct RequestHistory: Sendable {
    /// The sources, by address.
    public private(set) var sources: [(source: Source, requests: RequestTimeline)]
    /// The networks of verified sources, by address, each with the timelines of its sources.
    public private(set) var networks: [(network: SourceNetwork, requests: RequestTimeline, sources: [RequestTimeline])]
    /// Requests without a time, which are left out.
    public let untimedRequests: Int
    /// Requests at a time that must be wrong, which are left out.
    public let mistimedRequests: Int

    /// - Parameters:
    ///   - requests: For each source the times of its requests and the number of requests at each, in any order.
    ///   - untimedRequests: The number of requests without a time.
    ///   - mistimedRequests: The number of requests at a time that must be wrong.
    init(
        _ requests: [(source: Source, times: [(time: Int64, count: Int)])], untimedRequests: Int, mistimedRequests: Int
    ) {
        self.untimedRequests = untimedRequests
        self.mistimedRequests = mistimedRequests
        sources = []
        var byNetwork: [SourceNetwork: [Int]] = [:]
        for (source, times) in requests.sorted(by: { $0.source.place < $1.source.place }) where !times.isEmpty {
            if source.origin == .verified, let network = SourceNetwork(source.address) {
                byNetwork[network, default: []].append(sources.count)
            }
            sources.append((source, RequestTimeline(times)))
        }
        // Each request has one verified source, so the requests of a network are those of its sources together.
        networks = byNetwork.sorted { $0.value[0] < $1.value[0] }.map { [sources] network, members in
            let timelines = members.map { sources[$0].requests }
            return (network, RequestTimeline(timelines.flatMap(\.requests)), timelines)
        }
    }
}

extension RequestTimeline {
    /// The times and the number of requests at each, in the order of time.
    var requests: [(time: Int64, count: Int)] {
        var before: UInt64 = 0
        return moments.map { moment in
            defer { before = moment.total }
            return (moment.time, Int(moment.total - before))
        }
    }
}

extension Source {
    /// Sorts by address, a claimed source behind a verified one of the same address; `invalid` is last.
    fileprivate var place: (UInt64, UInt64, Int) {
        let rank = origin == .verified ? 0 : 1
        guard case .address(let address) = address else { return (.max, .max, rank + 2) }
        return (address.high, address.low, rank)
    }
}
