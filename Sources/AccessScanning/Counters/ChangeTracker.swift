/// Which counters, or profiles, have changed since the last checkpoint.
///
/// A removal is reported only for a subject that may be on disk. So the changes stay bounded while the disk cannot be
/// written, however many subjects come and go.
struct ChangeTracker<Subject: Hashable & Sendable>: Sendable {
    // Since changes were last taken. Removed ones may be on disk.
    private var changed: Set<Subject> = []
    private var removed: Set<Subject> = []
    // Those on disk, and the new ones in the changes that were taken last, which may not be there yet.
    private var stored: Set<Subject>
    private var pending: Set<Subject> = []
    private var removedPending: Set<Subject> = []

    /// - Parameter stored: The subjects on disk.
    init(stored: some Sequence<Subject>) {
        self.stored = Set(stored)
    }

    mutating func noteChanged(_ subject: Subject) {
        changed.insert(subject)
    }

    mutating func noteRemoved(_ subject: Subject) {
        changed.remove(subject)
        if stored.remove(subject) != nil { removed.insert(subject) }
        if pending.remove(subject) != nil { removedPending.insert(subject) }
    }

    /// Takes the changes since the last call. Earlier changes count as written unless they were put back.
    mutating func take() -> (changed: Set<Subject>, removed: Set<Subject>) {
        stored.formUnion(pending)
        removed.formUnion(removedPending)
        // Not `subtracting`, which visits all that are stored.
        pending = changed.filter { !stored.contains($0) }
        defer {
            removedPending = []
            changed = []
            removed = []
        }
        return (changed, removed)
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    ///
    /// - Parameters:
    ///   - changed: Those that have not been removed since.
    ///   - removed: All that were taken.
    mutating func putBack(changed: some Sequence<Subject>, removed: Set<Subject>) {
        // What was not written needs no removal from the disk.
        pending = []
        removedPending = []
        self.changed.formUnion(changed)
        self.removed.formUnion(removed)
    }
}
