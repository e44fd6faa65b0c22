public import AuditEvents

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
