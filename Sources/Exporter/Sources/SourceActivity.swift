import AccessScanning

/// The outcomes of requests that a client asks for.
enum OutcomeChoice: String, Sendable, CaseIterable {
    case forbidden, unauthorized, allowed, all

    /// Whether it includes an outcome.
    func includes(_ outcome: Outcome) -> Bool { self == .all || rawValue == outcome.rawValue }
}

/// Requests by outcome.
struct OutcomeCounts: Sendable, Hashable {
    private var forbidden: UInt64 = 0
    private var unauthorized: UInt64 = 0
    private var allowed: UInt64 = 0

    subscript(outcome: Outcome) -> UInt64 {
        get {
            switch outcome {
            case .forbidden: forbidden
            case .unauthorized: unauthorized
            case .allowed: allowed
            }
        }
        set {
            switch outcome {
            case .forbidden: forbidden = newValue
            case .unauthorized: unauthorized = newValue
            case .allowed: allowed = newValue
            }
        }
    }

    /// The requests of the chosen outcomes.
    func sum(_ choice: OutcomeChoice) -> UInt64 {
        Outcome.allCases.reduce(0) { choice.includes($1) ? $0 &+ self[$1] : $0 }
    }

    /// The chosen outcomes that have requests.
    func present(_ choice: OutcomeChoice = .all) -> [Outcome] {
        Outcome.allCases.filter { choice.includes($0) && self[$0] > 0 }
    }
}

/// What is known of a source at one moment: its counters of all outcomes, and its profile.
///
/// Numbers, times and evidence are those of the chosen outcomes.
struct SourceActivity: Sendable {
    /// The source.
    let source: Source
    /// The outcomes that were asked for.
    let choice: OutcomeChoice
    /// All counters of the source, whatever was chosen: in the order of the outcomes, then of the credentials.
    let counters: [(outcome: Outcome, counter: SourceCounter)]
    /// What is kept of its requests; `nil` if it gave way to that of other sources.
    let profile: SourceProfile?

    private var chosen: some Sequence<SourceCounter> {
        counters.lazy.filter { choice.includes($0.outcome) }.map(\.counter)
    }

    /// The location; empty if unknown.
    var location: Location { profile?.location ?? counters.first?.counter.location ?? .unknown }

    /// The requests counted, by outcome, whatever was chosen.
    var outcomes: OutcomeCounts {
        counters.reduce(into: OutcomeCounts()) { $0[$1.outcome] &+= $1.counter.requests }
    }

    /// When its first counter was created, in seconds since 1970.
    var firstSeen: Double { chosen.map(\.firstSeen).min() ?? 0 }

    /// When a counter increased last, in seconds since 1970.
    var lastSeen: Double { chosen.map(\.lastSeen).max() ?? 0 }

    /// The requests within the last hour, by outcome, whatever was chosen.
    ///
    /// - Parameter now: Seconds since 1970.
    func requestsLastHour(at now: Double) -> OutcomeCounts {
        counters.reduce(into: OutcomeCounts()) { $0[$1.outcome] &+= $1.counter.requestsLastHour(at: now) }
    }

    /// The requests of an outcome in each minute of the last hour.
    ///
    /// - Parameter now: Seconds since 1970.
    func requestsByMinute(_ outcome: Outcome, at now: Double) -> [UInt64] {
        var minutes = [UInt64](repeating: 0, count: RequestsByMinute.limit)
        for (other, counter) in counters where other == outcome {
            for (place, requests) in counter.byMinute.lastHour(at: now).enumerated() {
                minutes[place] += UInt64(requests)
            }
        }
        return minutes
    }

    /// The distinct paths of the last hour, over all outcomes.
    ///
    /// - Parameter now: Seconds since 1970.
    func distinctPaths(at now: Double) -> Int { profile?.paths.count(at: now) ?? 0 }

    /// The values of a column of evidence, in the order in which they were first seen.
    func values(_ column: Evidence.Column) -> [String] {
        guard let evidence = profile?.evidence else { return [] }
        guard let outcome = Outcome(rawValue: choice.rawValue) else { return evidence.values(column) }
        return evidence.values(column, of: outcome)
    }

    /// The last requests, over all outcomes, newest last.
    var lastRequests: [RequestReference] {
        profile?.lastRequests
            ?? counters.compactMap(\.counter.lastRequest).sorted { ($0.received ?? 0) < ($1.received ?? 0) }
    }
}

extension Source {
    /// Whether so many requests within an hour are over a threshold. Those of all other sources together never are: their
    /// sum says nothing of a single one.
    func isOver(_ threshold: Int, _ requestsLastHour: UInt64) -> Bool {
        address != .other && requestsLastHour > UInt64(threshold)
    }
}
