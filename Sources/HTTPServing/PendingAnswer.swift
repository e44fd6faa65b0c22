import Synchronization

/// An answer that is not there yet.
final class PendingAnswer: Sendable {
    private let response = Mutex<HTTPResponse?>(nil)

    /// The answer, once it is there.
    var current: HTTPResponse? { response.withLock { $0 } }

    func set(_ new: HTTPResponse) {
        response.withLock { $0 = new }
    }
}
