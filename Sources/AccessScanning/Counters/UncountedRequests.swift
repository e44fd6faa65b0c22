/// What a counted request changes for other subjects than its own.
struct CountingEffects<Subject: CountedSubject>: Sendable {
    /// The changes in requests of subjects without a counter.
    var uncounted: [UncountedChange<Subject>] = []
    /// The subjects whose counters were removed.
    var removed: [Subject] = []

    mutating func removeAll() {
        uncounted.removeAll(keepingCapacity: true)
        removed.removeAll(keepingCapacity: true)
    }
}

/// How requests of a subject without a counter of its own change, by one request of any subject.
struct UncountedChange<Subject: CountedSubject>: Sendable {
    /// The subject.
    let subject: Subject
    /// When the requests were counted, in whole seconds since 1970.
    let times: [UInt32]
    /// Whether they belong to a subject without a counter from now on, or no longer do.
    let isGain: Bool
    /// Whether the subject had no requests within the hour before, or has none afterwards.
    let changesSubjects: Bool
}

/// The requests of a network within the last hour that came from sources without a counter of their own, and how many
/// sources these were.
///
/// Many addresses with few requests each get no counters when the budget of sources is full; together they still stand
/// out. Counts are kept for five minutes each, and those of up to 65 minutes ago are included.
public struct UncountedRequests: Sendable, Hashable {
    private static let seconds: UInt32 = 300
    // The five minutes that have begun, and twelve before.
    private static let span: UInt32 = 13

    /// The number of the last five minutes with a request, since 1970; zero for none.
    public private(set) var newest: UInt32
    /// The requests of each five minutes, at its number modulo 16.
    public private(set) var requests: SIMD16<UInt16>
    /// The sources whose first request was in these five minutes.
    public private(set) var sources: SIMD16<UInt16>

    /// Counts; none unless they are given.
    public init(
        newest: UInt32 = 0, requests: SIMD16<UInt16> = SIMD16(), sources: SIMD16<UInt16> = SIMD16()
    ) {
        self.newest = newest
        self.requests = requests
        self.sources = sources
    }

    /// Adds requests, or subtracts those that are remembered.
    ///
    /// - Parameters:
    ///   - times: In whole seconds since 1970.
    ///   - changesSources: Whether a source comes or goes with them.
    mutating func change(_ times: [UInt32], isGain: Bool, changesSources: Bool) {
        for (index, time) in times.sorted().enumerated() {
            let number = time / Self.seconds
            if number > newest { advance(to: number) }
            guard newest - number < Self.span else { continue }
            let lane = Int(number % 16)
            requests[lane] = Self.next(requests[lane], isGain)
            if index == 0, changesSources { sources[lane] = Self.next(sources[lane], isGain) }
        }
    }

    /// The number of sources and of their requests in the hour before `now`, in seconds since 1970.
    func count(at now: Double) -> (sources: Int, requests: Int) {
        let present = RecentRequests.wholeSecond(now) / Self.seconds
        var count = (sources: 0, requests: 0)
        guard newest > 0 else { return count }
        for age in 0..<min(Self.span, newest + 1) {
            let number = newest - age
            guard present < number || present - number < Self.span else { break }
            count.sources += Int(sources[Int(number % 16)])
            count.requests += Int(requests[Int(number % 16)])
        }
        return count
    }

    /// Replaces times after `now` by `now`.
    mutating func limit(to now: Double) {
        let present = RecentRequests.wholeSecond(now) / Self.seconds
        guard newest > present else { return }
        let count = count(at: Double(newest) * Double(Self.seconds))
        self = UncountedRequests()
        newest = present
        requests[Int(present % 16)] = UInt16(clamping: count.requests)
        sources[Int(present % 16)] = UInt16(clamping: count.sources)
    }

    private mutating func advance(to number: UInt32) {
        for skipped in 1...min(16, number - newest) {
            requests[Int((newest &+ skipped) % 16)] = 0
            sources[Int((newest &+ skipped) % 16)] = 0
        }
        newest = number
    }

    private static func next(_ count: UInt16, _ isGain: Bool) -> UInt16 {
        if isGain { count == .max ? count : count + 1 } else { count == 0 ? 0 : count - 1 }
    }
}
