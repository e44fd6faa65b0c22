import Synchronization

/// How many requests each source has made: what the exporter must come to in the end, and may never exceed.
final class Truth: Sendable {
    private struct State {
        var made: [CountedSource: Int] = [:]
        var acknowledged: [CountedSource: Int] = [:]
        var requests = 0
        var lines = 0
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

    /// Takes note of lines that are about to be written to a log.
    func add(lines: Int) {
        state.withLock { $0.lines += lines }
    }

    /// Lines of all logs. A line that is read twice changes no request's count, since its event is recognised.
    var lines: Int { state.withLock { $0.lines } }
    /// Requests that count, each once however many sources it has.
    var requests: Int { state.withLock { $0.requests } }
    /// What may be shown now.
    var made: [CountedSource: Int] { state.withLock { $0.made } }
    /// What must be shown from now on.
    var acknowledged: [CountedSource: Int] { state.withLock { $0.acknowledged } }
}
