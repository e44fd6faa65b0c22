import Synchronization

/// What the server's threads need.
final class ServerContext: Sendable {
    let routes: Routes
    let limits: Limits
    let tls: ServerTLS?
    let policy: WebPolicy
    let onAnswer: @Sendable (Int) -> Void
    let suspended = SuspendedConnections()
    let bodyMemory: BodyMemory
    let watch: ConnectionWatch
    private let inHand = Atomic(0)

    init(
        routes: Routes, limits: Limits, tls: ServerTLS?, policy: WebPolicy, onAnswer: @escaping @Sendable (Int) -> Void
    ) {
        self.routes = routes
        self.limits = limits
        self.tls = tls
        self.policy = policy
        self.onAnswer = onAnswer
        watch = ConnectionWatch(limits)
        // One body as long as allowed always has room.
        bodyMemory = BodyMemory(limit: max(limits.bodyMemory, limits.bodySize))
    }

    /// Requests whose head has come and whose answer has not gone.
    var requestsInHand: Int { inHand.load(ordering: .acquiring) }
    func requestBegan() { inHand.add(1, ordering: .relaxed) }
    func requestEnded() { inHand.subtract(1, ordering: .releasing) }
}
