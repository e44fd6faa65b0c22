import Synchronization

/// The newest version of a value that one writer replaces and many readers look at.
///
/// A reader never waits for the writer's work, only for the exchange of a reference.
final class Published<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) {
        self.value = Mutex(value)
    }

    /// What was published last.
    var current: Value { value.withLock { $0 } }

    func publish(_ new: Value) {
        value.withLock { $0 = new }
    }
}
