import Synchronization

/// The number of requests of each source: the expected final counts, which the exporter must never exceed.
final class Truth: Sendable {
    private struct State {
        var made: [CountedSource: Int] = [:]
        var acknowledged: [CountedSource: Int] = [:]
        var values = TrueEvidence()
        var requests = 0
        var lines = 0
    }

    private let state = Mutex(State())

    /// Records a request before the first byte of it can be read.
    func add(_ request: PlannedRequest) {
        guard !request.sources.isEmpty else { return }
        state.withLock { state in
            state.requests += 1
            for source in request.sources { state.made[source, default: 0] += 1 }
            state.values.add(request)
        }
    }

    /// Records requests with one source each.
    func add(_ sources: [CountedSource]) {
        state.withLock { state in
            state.requests += sources.count
            for source in sources { state.made[source, default: 0] += 1 }
        }
    }

    /// Records that the exporter has acknowledged requests: from now on they must be shown.
    func acknowledge(_ requests: [PlannedRequest]) {
        state.withLock { state in
            for source in requests.lazy.flatMap(\.sources) { state.acknowledged[source, default: 0] += 1 }
        }
    }

    /// Records lines that are about to be written to a log.
    func add(lines: Int) {
        state.withLock { $0.lines += lines }
    }

    /// Lines of all logs. A line that is read twice changes no request's count, because its event is recognized.
    var lines: Int { state.withLock { $0.lines } }
    /// Requests that count, each once, however many sources it has.
    var requests: Int { state.withLock { $0.requests } }
    /// The values of all requests.
    var evidence: TrueEvidence { state.withLock { $0.values } }
    /// The counts that may be shown now.
    var made: [CountedSource: Int] { state.withLock { $0.made } }
    /// The counts that must be shown from now on.
    var acknowledged: [CountedSource: Int] { state.withLock { $0.acknowledged } }
}
