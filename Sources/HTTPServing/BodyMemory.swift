import Synchronization

/// The memory that the bodies of all requests in progress share.
///
/// Bytes are charged when they are received, not when a head announces them: otherwise a client that announces much and
/// sends nothing would lock out all others.
final class BodyMemory: Sendable {
    private let limit: Int
    private let used = Atomic(0)

    /// - Parameter limit: Bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether `count` bytes are available now.
    func hasRoom(for count: Int) -> Bool {
        count <= limit - used.load(ordering: .relaxed)
    }

    /// Takes `count` bytes; takes none and returns false if fewer are available.
    func take(_ count: Int) -> Bool {
        let (_, now) = used.add(count, ordering: .relaxed)
        guard now > limit else { return true }
        give(count)
        return false
    }

    func give(_ count: Int) {
        used.subtract(count, ordering: .relaxed)
    }
}
