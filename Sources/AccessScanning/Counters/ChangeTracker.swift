/// Which counters, or profiles, have changed since the last checkpoint.
///
/// A removal is reported only for a subject that may be on disk. So the changes stay bounded while the disk cannot be
/// written, however many subjects come and go. Nearly all subjects are on disk, so those are remembered that are not.
struct ChangeTracker<Subject: Hashable & Sendable>: Sendable {
    // Since changes were last taken. Removed ones may be on disk.
    private var changed: Set<Subject> = []
    private var removed: Set<Subject> = []
    // Those that are not on disk, and those of the changes that were taken last, which may not be there yet.
    private var created: Set<Subject> = []
    private var pending: Set<Subject> = []
    private var removedPending: Set<Subject> = []

    /// Notes a new subject, which is not on disk.
    mutating func noteCreated(_ subject: Subject) {
        created.insert(subject)
        changed.insert(subject)
    }

    mutating func noteChanged(_ subject: Subject) {
        changed.insert(subject)
    }

    /// Notes the removal of a subject: one that was created, or was on disk at the start.
    mutating func noteRemoved(_ subject: Subject) {
        changed.remove(subject)
        if created.remove(subject) != nil { return }
        if pending.remove(subject) != nil { removedPending.insert(subject) } else { removed.insert(subject) }
    }

    /// Takes the changes since the last call. Earlier changes count as written unless they were put back.
    mutating func take() -> (changed: Set<Subject>, removed: Set<Subject>) {
        removed.formUnion(removedPending)
        pending = created
        defer {
            created = []
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
        created.formUnion(pending)
        pending = []
        removedPending = []
        self.changed.formUnion(changed)
        self.removed.formUnion(removed)
    }
}
