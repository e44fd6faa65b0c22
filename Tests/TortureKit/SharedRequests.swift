import Synchronization

/// Requests that stand in the log and are sent by the webhook too, byte for byte the same, whichever comes first.
final class SharedRequests: Sendable {
    /// What is not fetched in time is not sent, so that it is not sent after the exporter has forgotten it.
    private static let limit = 500

    private let waiting = Mutex<[PlannedRequest]>([])

    func put(_ request: PlannedRequest) {
        waiting.withLock {
            $0.append(request)
            if $0.count > Self.limit { $0.removeFirst() }
        }
    }

    func take(_ count: Int) -> [PlannedRequest] {
        waiting.withLock { waiting in
            defer { waiting.removeFirst(min(count, waiting.count)) }
            return Array(waiting.prefix(count))
        }
    }
}
