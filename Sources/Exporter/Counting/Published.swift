import Synchronization

/// The latest version of a value. Writers replace it, and readers take it; a reader waits for the exchange of a
/// reference, never for a writer's work.
final class Published<Value: Sendable>: Sendable {
    private let newest: Mutex<(value: Value, version: UInt64)>

    init(_ value: Value) {
        newest = Mutex((value, 0))
    }

    /// The latest value.
    var current: Value { latest.value }

    /// The latest value, and a number that no other version of it has.
    var latest: (value: Value, version: UInt64) { newest.withLock { $0 } }

    /// Replaces the value.
    func publish(_ new: Value) {
        newest.withLock { $0 = (new, $0.version + 1) }
    }
}

extension Published where Value: Equatable {
    /// Changes the value. A change that leaves it equal makes no new version.
    func update(_ change: (inout Value) -> Void) {
        newest.withLock { newest in
            var value = newest.value
            change(&value)
            if value != newest.value { newest = (value, newest.version + 1) }
        }
    }
}
