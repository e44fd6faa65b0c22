public import AuditEvents

/// Counts each request once, however many events it has and however often each of them is read.
///
/// Events with the same `RequestIdentity` belong to indistinguishable requests. The number of these requests is the
/// largest number of different stage timestamps in any one stage: a request has at most one event per stage, and an
/// event that is read again repeats its timestamp. So a refused watch (ResponseStarted and ResponseComplete) is one
/// request, a repeated webhook batch adds none, and parallel requests with one `Audit-ID` are all counted.
///
/// Memory is bounded: the last `horizon` events are remembered, in a ring. An event that is read again later than that
/// counts as a new request.
public struct RequestDeduplicator: Sendable {
    /// The number of events that are recognised; remembering them takes about 9 MiB.
    public static let defaultHorizon = 1 << 17

    /// The effect of an event.
    public enum Outcome: Sendable, Hashable {
        /// A request not seen before.
        case newRequest
        /// An event not seen before, of a request seen before.
        case knownRequest
        /// Another reading of an event seen before.
        case knownEvent
    }

    /// The key of the hashes.
    public let key: SipHash128.Key
    /// The number of different events observed so far.
    public private(set) var observedCount: Int

    private let horizon: Int
    // The last events, and the place of the next one.
    private var ring = PagedArray<ObservedEvent>(pageSize: 1024)
    private var next = 0
    // The place of each event, and of the last event of each request.
    private var events = FingerprintIndex()
    private var requests = FingerprintIndex()

    /// - Parameters:
    ///   - key: The key of the hashes, also of the restored ones.
    ///   - horizon: The number of events that are recognised.
    ///   - observedCount: The number of different events observed so far, including the restored ones.
    ///   - restored: The last observed events, oldest first.
    public init(
        key: SipHash128.Key = .random(), horizon: Int = defaultHorizon, observedCount: Int? = nil,
        restoring restored: [ObservedEvent] = []
    ) {
        precondition(horizon > 0)
        self.key = key
        self.horizon = horizon
        // Earlier ones would be forgotten again at once.
        let kept = restored.suffix(horizon)
        self.observedCount = (observedCount ?? restored.count) - kept.count
        events.reserve(kept.count)
        requests.reserve(kept.count)
        for event in kept { insert(event) }
    }

    /// The number of an event before which none is recognised any more, and none need be stored. It rises in steps, so that
    /// stored events are not removed one by one.
    public var firstRecognised: Int { max(0, observedCount / horizon - 1) * horizon }

    /// Remembers an event, and finds out whether its request is new.
    ///
    /// An event with an incomplete identity is a request of its own: merging it would lose requests that are different.
    ///
    /// - Returns: The outcome, and the record to store of an event that was not seen before and can be recognised.
    public mutating func observe(_ event: AuditEvent) -> (outcome: Outcome, observed: ObservedEvent?) {
        guard event.hasCompleteIdentity else { return (.newRequest, nil) }
        let request = RequestIdentity(of: event, key: key)
        let identity = EventIdentity(of: event, request: request, key: key)
        guard place(of: identity) == nil else { return (.knownEvent, nil) }
        var stages = place(of: request).map { ring[$0].stages } ?? StageCounts()
        let before = stages.requests
        stages.add(stage: event.stage)
        let observed = ObservedEvent(request: request, event: identity, stages: stages)
        insert(observed)
        return (stages.requests > before ? .newRequest : .knownRequest, observed)
    }

    private mutating func insert(_ observed: ObservedEvent) {
        if ring.count < horizon {
            ring.append(observed)
        } else {
            let oldest = ring[next]
            if eventPlace(oldest.event.digest.first) == next { forgetEvent(at: next) }
            if requestPlace(oldest.request.digest.first) == next { forgetRequest(at: next) }
            ring[next] = observed
        }
        if let former = eventPlace(observed.event.digest.first) { forgetEvent(at: former) }
        // The last event of a request has its stages, so an earlier one is found by its own identity only.
        if let former = requestPlace(observed.request.digest.first) { forgetRequest(at: former) }
        events.insert(next, observed.event.digest.first) { [ring] in ring[$0].event.digest.first }
        requests.insert(next, observed.request.digest.first) { [ring] in ring[$0].request.digest.first }
        next = (next + 1) % horizon
        observedCount += 1
    }

    // MARK: Places

    private func place(of event: EventIdentity) -> Int? {
        // The index knows half of the digest. Where only that half agrees, the event is another one, and counts.
        eventPlace(event.digest.first).flatMap { ring[$0].event == event ? $0 : nil }
    }

    private func place(of request: RequestIdentity) -> Int? {
        requestPlace(request.digest.first).flatMap { ring[$0].request == request ? $0 : nil }
    }

    private func eventPlace(_ fingerprint: UInt64) -> Int? {
        events.place(of: fingerprint) { ring[$0].event.digest.first }
    }

    private func requestPlace(_ fingerprint: UInt64) -> Int? {
        requests.place(of: fingerprint) { ring[$0].request.digest.first }
    }

    private mutating func forgetEvent(at place: Int) {
        events.remove(place, ring[place].event.digest.first) { [ring] in ring[$0].event.digest.first }
    }

    private mutating func forgetRequest(at place: Int) {
        requests.remove(place, ring[place].request.digest.first) { [ring] in ring[$0].request.digest.first }
    }
}

/// The stored record of an event. By it the event is recognised when it is read again, and its request when another
/// event of it is read.
public struct ObservedEvent: Sendable, Hashable {
    /// The event's request.
    public let request: RequestIdentity
    /// The event.
    public let event: EventIdentity
    /// The stages of the request, this event included.
    public let stages: StageCounts

    /// The record of an event.
    public init(request: RequestIdentity, event: EventIdentity, stages: StageCounts) {
        self.request = request
        self.event = event
        self.stages = stages
    }
}

/// The number of different stage timestamps seen in each stage, for indistinguishable requests.
public struct StageCounts: Sendable, Hashable {
    /// For ResponseStarted, ResponseComplete, Panic, and any other stage (RequestReceived precedes the response and is
    /// not counted).
    public private(set) var counts: SIMD4<UInt32>

    /// The numbers of each stage.
    public init(_ counts: SIMD4<UInt32> = SIMD4()) {
        self.counts = counts
    }

    /// The number of requests: each has at most one event per stage.
    var requests: UInt32 { counts.max() }

    mutating func add(stage: String) {
        counts[Self.lane(of: stage)] &+= 1
    }

    /// The index in `counts` of a stage.
    static func lane(of stage: String) -> Int {
        switch stage {
        case "ResponseStarted": 0
        case "ResponseComplete": 1
        case "Panic": 2
        default: 3
        }
    }
}
