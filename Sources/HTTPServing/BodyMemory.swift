import Synchronization

/// What the bodies of all requests in hand take together, and how much they may.
///
/// It is charged as the bytes come, and not by what a head announces: who announces much and sends nothing would
/// otherwise keep everybody else out.
final class BodyMemory: Sendable {
    private let limit: Int
    private let used = Atomic(0)

    /// - Parameter limit: Bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// Whether so many bytes could be taken now.
    func hasRoom(for count: Int) -> Bool {
        count <= limit - used.load(ordering: .relaxed)
    }

    /// Takes so many bytes, or none where they are not there.
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
