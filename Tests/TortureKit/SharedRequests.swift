import Synchronization

/// Requests that are both in the log and in the webhook, byte for byte the same, in either order.
final class SharedRequests: Sendable {
    /// Requests that are not fetched in time are dropped, so that they are not sent after the exporter has forgotten
    /// them.
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
