import Synchronization

/// The newest version of a value that one writer replaces and many readers look at.
///
/// A reader never waits for the writer's work, only for the exchange of a reference.
final class Published<Value: Sendable>: Sendable {
    private let newest: Mutex<(value: Value, version: UInt64)>

    init(_ value: Value) {
        newest = Mutex((value, 0))
    }

    /// What was published last.
    var current: Value { latest.value }

    /// What was published last, and a number that no other version has.
    var latest: (value: Value, version: UInt64) { newest.withLock { $0 } }

    func publish(_ new: Value) {
        newest.withLock { $0 = (new, $0.version + 1) }
    }
}
