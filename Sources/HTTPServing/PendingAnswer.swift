import Synchronization

/// What a connection waits for, and is not there yet.
final class PendingAnswer: Sendable {
    /// What the wait came to.
    enum Outcome: Sendable {
        /// There is nothing to answer yet: the request goes its way.
        case goOn
        case answer(HTTPResponse)
    }

    private let outcome = Mutex<Outcome?>(nil)

    /// The outcome, once it is there.
    var current: Outcome? { outcome.withLock { $0 } }

    func set(_ new: Outcome) {
        outcome.withLock { $0 = new }
    }
}
