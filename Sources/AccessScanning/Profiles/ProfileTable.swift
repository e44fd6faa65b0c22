import AuditEvents

/// The profiles of the sources of one origin, within a bound.
///
/// The detection creates a profile with the first counter of its source, and removes it with the last one. A source can
/// have counters of several outcomes, each with a budget of its own, so there may be more such sources than `limit`: then
/// the profile of the source that made no request for longest gives way, and its counters stay.
struct ProfileTable: Sendable {
    /// The maximum number of profiles.
    let limit: Int
    /// All profiles.
    private(set) var profiles = PagedArray<SourceProfile>()
    /// The index of the profile of each source.
    private(set) var indices: [Source: Int] = [:]

    private var order = RecencyLists()
    private var tracker: ChangeTracker<Source>
    // Since changes were last taken.
    private var changedEvidence: [Source: Evidence.Change] = [:]

    /// - Parameters:
    ///   - budget: The maximum number of counters of an outcome; the limit leaves room for `other` and `invalid`.
    ///   - restored: Profiles, no two of the same source. Those past the limit stay until others need a place.
    ///   - isCounted: Whether a source has a counter. Profiles of others are removed.
    ///   - now: Seconds since 1970. Later times in the state are replaced by it.
    init(
        budget: Int, restoring restored: [SourceProfile], at now: Double, where isCounted: (Source) -> Bool
    ) {
        limit = budget + 2
        tracker = ChangeTracker(stored: restored.lazy.map(\.source))
        for profile in restored {
            if isCounted(profile.source) { append(profile) } else { tracker.noteRemoved(profile.source) }
        }
        limitTimes(to: now)
        let lastSeen = profiles.map(\.lastSeen)
        for place in profiles.indices.sorted(by: { lastSeen[$0] < lastSeen[$1] }) { order.touch(place, list: .quiet) }
    }

    /// Notes a counted request.
    ///
    /// - Parameters:
    ///   - location: The location of the source, for a new profile.
    ///   - path: The hash of the request's path.
    mutating func note(
        _ source: Source, at location: Location, _ event: AuditEvent, _ outcome: Outcome, _ reference: RequestReference,
        path: UInt64?, at now: Double
    ) {
        if let place = indices[source] {
            order.touch(place, list: .quiet)
        } else {
            while profiles.count >= limit, let silent = order.first(of: .quiet) { remove(silent) }
            append(SourceProfile(source: source, location: location, lastSeen: now))
        }
        guard let place = indices[source] else { return }
        let change = profiles[place].note(event, outcome, reference, path: path, at: now)
        if !change.isEmpty { changedEvidence[source, default: []].formUnion(change) }
        tracker.noteChanged(source)
    }

    /// The location of a source with a profile.
    func location(of source: Source) -> Location? {
        indices[source].map { profiles[$0].location }
    }

    /// Removes the profile of a source, if there is one.
    mutating func remove(_ source: Source) {
        if let place = indices[source] { remove(place) }
    }

    private mutating func append(_ profile: SourceProfile) {
        indices[profile.source] = profiles.count
        profiles.append(profile)
        order.append(to: .quiet)
    }

    private mutating func remove(_ place: Int) {
        let source = profiles[place].source
        indices[source] = nil
        order.remove(place)
        let last = profiles.removeLast()
        if place < profiles.count {
            profiles[place] = last
            indices[last.source] = place
        }
        changedEvidence[source] = nil
        tracker.noteRemoved(source)
    }

    /// Replaces times after `now` by `now`: they come from a wrong clock.
    mutating func limitTimes(to now: Double) {
        for place in profiles.indices {
            var profile = profiles[place]
            profile.limitTimes(to: now)
            // A page that is only read stays shared.
            guard profile != profiles[place] else { continue }
            profiles[place] = profile
            tracker.noteChanged(profile.source)
        }
    }

    // MARK: Changes

    /// Adds the changes since the last call. Earlier changes count as written unless they were put back.
    mutating func takeChanges(into changes: inout ProfileChanges) {
        let (changed, removed) = tracker.take()
        // By place, which is about the order on disk: the store writes each page of the file once.
        changes.profiles += changed.compactMap { indices[$0] }.sorted().map { profiles[$0] }
        changes.changedEvidence.merge(changedEvidence) { $1 }
        changes.removed.formUnion(removed)
        changedEvidence = [:]
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    ///
    /// - Parameter changes: Those of other origins are ignored.
    mutating func putBack(_ changes: ProfileChanges, of origin: Origin) {
        let changed = changes.profiles.lazy.map(\.source).filter { [indices] in indices[$0] != nil }
        tracker.putBack(
            changed: Array(changed), removed: changes.removed.filter { $0.origin == origin })
        for (source, change) in changes.changedEvidence where indices[source] != nil {
            changedEvidence[source, default: []].formUnion(change)
        }
    }
}
