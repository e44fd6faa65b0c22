public import AuditEvents

/// Counts a request once, however many events tell of it and however often each of them is read.
///
/// Events are alike when they have the same `RequestIdentity`. Alike events are as many requests as the largest number
/// of different stage timestamps among them in any one stage: a request has at most one event a stage, and an event
/// that is read again repeats its timestamp. That makes a refused watch (ResponseStarted and ResponseComplete) one
/// request, a repeated webhook batch none, and parallel requests with one `Audit-ID` as many as there were.
///
/// Memory is bounded: what was seen is kept in two generations of `horizon` events. When the younger is full it becomes
/// the older, and the older is forgotten; so the last `horizon` events at least are recognised, and twice as many at
/// the most. An event read again after more than that counts as a new request.
public struct RequestDeduplicator: Sendable {
    /// How many events are recognised again at least; what was seen of them takes at most about 32 MiB.
    public static let defaultHorizon = 1 << 17

    /// What an event adds to what is known.
    public enum Outcome: Sendable, Hashable {
        /// A request not seen before.
        case newRequest
        /// An event not seen before, of a request seen before.
        case knownRequest
        /// Another reading of an event seen before.
        case knownEvent
    }

    private struct Generation {
        var requests: [RequestIdentity: StageCounts] = [:]
        var events: Set<EventIdentity> = []
    }

    /// What hashes are made with.
    public let key: SipHash128.Key
    /// How many events were ever observed, each once.
    public private(set) var observedCount: Int

    private let horizon: Int
    private var younger = Generation()
    private var older = Generation()

    /// - Parameters:
    ///   - key: What hashes are made with; what is restored must have been made with the same.
    ///   - horizon: How many events are recognised again at least.
    ///   - observedCount: How many events were ever observed, those that are restored being the last of them.
    ///   - restored: What was kept, in the order in which it was observed.
    public init(
        key: SipHash128.Key = .random(), horizon: Int = defaultHorizon, observedCount: Int? = nil,
        restoring restored: [ObservedEvent] = []
    ) {
        precondition(horizon > 0)
        self.key = key
        self.horizon = horizon
        self.observedCount = (observedCount ?? restored.count) - restored.count
        for event in restored { insert(event) }
    }

    /// The number of the oldest event that is still recognised; what was kept of those before it can go.
    public var firstRecognised: Int { max(0, observedCount / horizon - 1) * horizon }

    /// Takes note of `event` and says whether it is of a request not counted yet.
    ///
    /// - Returns: The outcome, and what is to be kept of an event that was not seen before.
    public mutating func observe(_ event: AuditEvent) -> (outcome: Outcome, observed: ObservedEvent?) {
        let request = RequestIdentity(of: event, key: key)
        let identity = EventIdentity(of: event, request: request, key: key)
        guard !older.events.contains(identity), !younger.events.contains(identity) else { return (.knownEvent, nil) }
        // What the older generation knows of the request moves along, or a second stage would begin at nought.
        var stages = younger.requests[request] ?? older.requests[request] ?? StageCounts()
        let before = stages.requests
        stages.add(stage: event.stage)
        let observed = ObservedEvent(request: request, event: identity, stages: stages)
        insert(observed)
        return (stages.requests > before ? .newRequest : .knownRequest, observed)
    }

    private mutating func insert(_ observed: ObservedEvent) {
        younger.events.insert(observed.event)
        younger.requests[observed.request] = observed.stages
        observedCount += 1
        if observedCount % horizon == 0 {
            older = younger
            younger = Generation()
        }
    }
}

/// What is kept of an event, so that it is recognised when it is read again, and its request when another of its
/// events comes.
public struct ObservedEvent: Sendable, Hashable {
    /// Its request.
    public let request: RequestIdentity
    /// The event.
    public let event: EventIdentity
    /// What was known of the request once this event was observed.
    public let stages: StageCounts

    /// What is kept of an event.
    public init(request: RequestIdentity, event: EventIdentity, stages: StageCounts) {
        self.request = request
        self.event = event
        self.stages = stages
    }
}

/// For alike requests: how many different stage timestamps were seen in each stage.
public struct StageCounts: Sendable, Hashable {
    /// Of ResponseStarted, ResponseComplete, Panic, and any other stage (RequestReceived comes before there is an
    /// answer).
    public private(set) var counts: SIMD4<UInt32>

    /// So many in each stage.
    public init(_ counts: SIMD4<UInt32> = SIMD4()) {
        self.counts = counts
    }

    /// How many requests that makes: each has at most one event a stage.
    var requests: UInt32 { counts.max() }

    mutating func add(stage: String) {
        let lane =
            switch stage {
            case "ResponseStarted": 0
            case "ResponseComplete": 1
            case "Panic": 2
            default: 3
            }
        counts[lane] &+= 1
    }
}
