import Synchronization

/// How many requests each source has made: what the exporter must come to in the end, and may never exceed.
final class Truth: Sendable {
    private struct State {
        var made: [CountedSource: Int] = [:]
        var acknowledged: [CountedSource: Int] = [:]
        var requests = 0
    }

    private let state = Mutex(State())

    /// Takes note of a request before the first byte of it can be read by anyone.
    func add(_ request: PlannedRequest) {
        guard !request.sources.isEmpty else { return }
        state.withLock { state in
            state.requests += 1
            for source in request.sources { state.made[source, default: 0] += 1 }
        }
    }

    /// Takes note that the exporter has answered for requests: from now on they must be shown.
    func acknowledge(_ requests: [PlannedRequest]) {
        state.withLock { state in
            for source in requests.lazy.flatMap(\.sources) { state.acknowledged[source, default: 0] += 1 }
        }
    }

    /// Requests that count, each once however many sources it has.
    var requests: Int { state.withLock { $0.requests } }
    /// What may be shown now.
    var made: [CountedSource: Int] { state.withLock { $0.made } }
    /// What must be shown from now on.
    var acknowledged: [CountedSource: Int] { state.withLock { $0.acknowledged } }
}
