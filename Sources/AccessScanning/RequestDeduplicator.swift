public import AuditEvents

/// Counts a request once, however many events tell of it and however often each of them is read.
///
/// Events are alike when they have the same `RequestIdentity`. Alike events are as many requests as the largest number
/// of different stage timestamps among them in any one stage: a request has at most one event a stage, and an event
/// that is read again repeats its timestamp. That makes a refused watch (ResponseStarted and ResponseComplete) one
/// request, a repeated webhook batch none, and parallel requests with one `Audit-ID` as many as there were.
///
/// Memory is bounded: what was seen is kept in two generations. When the younger is full it becomes the older, and the
/// older is forgotten; so the last `horizon` events at least are recognised, and twice as many at the most. An event
/// read again after more than that counts as a new request.
public struct RequestDeduplicator: Sendable {
    /// How many events are recognised again at least; what was seen of them takes at most about 32 MiB.
    public static let defaultHorizon = 1 << 17

    /// What an event adds to what is known.
    public enum Outcome: Sendable, Hashable {
        /// A request not seen before.
        case newRequest
        /// Another stage, or another reading, of a request seen before.
        case knownRequest
    }

    private struct Generation {
        var requests: [RequestIdentity: StageCounts] = [:]
        var events: Set<EventIdentity> = []
    }

    /// For one request identity: how many different stage timestamps were seen in each stage.
    private struct StageCounts {
        // ResponseStarted, ResponseComplete, Panic, and any other (RequestReceived comes before there is an answer).
        private var counts = SIMD4<UInt32>()

        var requests: UInt32 { counts.max() }

        mutating func add(stage: String) {
            let lane =
                switch stage {
                case "ResponseStarted": 0
                case "ResponseComplete": 1
                case "Panic": 2
                default: 3
                }
            counts[lane] += 1
        }
    }

    private let key: SipHash128.Key
    private let horizon: Int
    private var younger = Generation()
    private var older = Generation()

    /// - Parameters:
    ///   - key: What hashes are made with.
    ///   - horizon: How many events are recognised again at least.
    public init(key: SipHash128.Key = .random(), horizon: Int = defaultHorizon) {
        precondition(horizon > 0)
        self.key = key
        self.horizon = horizon
    }

    /// Takes note of `event` and says whether it is of a request not counted yet.
    public mutating func observe(_ event: AuditEvent) -> Outcome {
        let request = RequestIdentity(of: event, key: key)
        let identity = EventIdentity(of: event, request: request, key: key)
        guard !older.events.contains(identity), younger.events.insert(identity).inserted else { return .knownRequest }
        // What the older generation knows of the request moves along, or a second stage would begin at nought.
        var counts = younger.requests[request] ?? older.requests[request] ?? StageCounts()
        let before = counts.requests
        counts.add(stage: event.stage)
        younger.requests[request] = counts
        if younger.events.count >= horizon {
            older = younger
            younger = Generation()
        }
        return counts.requests > before ? .newRequest : .knownRequest
    }
}
