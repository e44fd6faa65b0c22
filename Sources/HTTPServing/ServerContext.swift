import Synchronization

/// What the server's threads need.
final class ServerContext: Sendable {
    let routes: Routes
    let limits: Limits
    private let inHand = Atomic(0)

    init(routes: Routes, limits: Limits) {
        self.routes = routes
        self.limits = limits
    }

    /// Requests whose head has come and whose answer has not gone.
    var requestsInHand: Int { inHand.load(ordering: .acquiring) }
    func requestBegan() { inHand.add(1, ordering: .relaxed) }
    func requestEnded() { inHand.subtract(1, ordering: .releasing) }
}
