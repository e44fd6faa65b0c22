import AuditEvents

/// The profiles of the sources of one origin, within a bound.
///
/// The detection creates a profile with the first counter of its source, and removes it with the last one. A source can
/// have counters of several outcomes, each with a budget of its own, so there may be more such sources than `limit`: then
/// the profile of the source that made no request for longest gives way, and its counters stay. The profile of a source
/// that scans, in any outcome, gives way only to that of another one, so that single requests of many addresses cannot
/// remove it; if all profiles are of such sources, a source that does not scan has none.
struct ProfileTable: Sendable {
    /// The maximum number of profiles.
    let limit: Int
    /// All profiles.
    private(set) var profiles = OrderedPlaces<SourceProfile>()

    private let key: SipHash128.Key
    private var tracker = ChangeTracker<Source>()
    // Since changes were last taken.
    private var changedEvidence: [Source: Evidence.Change] = [:]

    /// - Parameters:
    ///   - budget: The maximum number of counters of an outcome; the limit leaves room for `other` and `invalid`.
    ///   - key: The key of the samples of evidence.
    ///   - restored: Profiles, no two of the same source, of which those of the origin are taken. Those past the limit
    ///     stay until others need a place.
    ///   - origin: The origin of the sources.
    ///   - isCounted: For each restored profile, whether its source has a counter. Profiles of others are removed.
    ///   - scanning: The sources that scan.
    ///   - now: Seconds since 1970. Later times in the state are replaced by it.
    init(
        budget: Int, key: SipHash128.Key, restoring restored: [SourceProfile], of origin: Origin, at now: Double,
        where isCounted: [Bool], scanning: Set<Source>
    ) {
        limit = budget + 2
        self.key = key
        // By index, since a profile is large, and most are of the other origin.
        let sources = restored.indices.lazy.filter { restored[$0].source.origin == origin }
        profiles.reserve(sources.count)
        for index in sources {
            if isCounted[index] {
                profiles.append(restored[index], to: .loud)
            } else {
                tracker.noteRemoved(restored[index].source)
            }
        }
        limitTimes(to: now)
        sort(scanning)
    }

    /// Notes a counted request.
    ///
    /// - Parameters:
    ///   - location: The location of the source, for a new profile.
    ///   - path: The hash of the request's path.
    ///   - isScanning: Whether the source scans, by the requests of this outcome.
    mutating func note(
        _ source: Source, at location: Location, _ event: AuditEvent, _ outcome: Outcome, _ reference: RequestReference,
        path: UInt64?, isScanning: Bool, at now: Double
    ) {
        if let place = profiles.place(of: source) {
            // It may scan by the requests of another outcome.
            profiles.touch(place, list: isScanning ? .loud : profiles.list(of: place))
        } else {
            while profiles.count >= limit {
                guard let place = nextToRemove(for: isScanning, at: now) else { return }
                remove(place)
            }
            let profile = SourceProfile(source: source, location: location, lastSeen: now)
            profiles.append(profile, to: isScanning ? .loud : .quiet)
            tracker.noteCreated(source)
        }
        guard let place = profiles.place(of: source) else { return }
        let change = profiles[place].note(event, outcome, reference, path: path, key: key, at: now)
        if !change.isEmpty { changedEvidence[source, default: []].formUnion(change) }
        tracker.noteChanged(source)
    }

    /// The location of a source with a profile.
    func location(of source: Source) -> Location? {
        profiles.place(of: source).map { profiles[$0].location }
    }

    /// Removes the profile of a source, if there is one.
    mutating func remove(_ source: Source) {
        if let place = profiles.place(of: source) { remove(place) }
    }

    /// Moves the profiles of the sources that stopped scanning to the quiet ones.
    ///
    /// - Parameter scanning: The sources that scan.
    mutating func arrange(_ scanning: Set<Source>) {
        let hasStopped = profiles.indices.contains { place in
            profiles.list(of: place) == .loud && !scanning.contains(profiles[place].source)
        }
        if hasStopped { sort(scanning) }
    }

    /// Orders the profiles by the last requests.
    private mutating func sort(_ scanning: Set<Source>) {
        for place in profiles.byLastSeen {
            let isLoud = profiles.list(of: place) == .loud && scanning.contains(profiles[place].source)
            profiles.touch(place, list: isLoud ? .loud : .quiet)
        }
    }

    /// The profile that gives way to that of a new source. One that scanned is as good as quiet after an hour of silence.
    private func nextToRemove(for isScanning: Bool, at now: Double) -> Int? {
        if let quiet = profiles.first(of: .quiet) { return quiet }
        guard let loud = profiles.first(of: .loud) else { return nil }
        return isScanning || now - profiles[loud].lastSeen > ScanningThreshold.window ? loud : nil
    }

    private mutating func remove(_ place: Int) {
        let source = profiles.remove(place)
        changedEvidence[source] = nil
        tracker.noteRemoved(source)
    }

    /// Replaces times after `now` by `now`.
    mutating func limitTimes(to now: Double) {
        for source in profiles.limitTimes(to: now) { tracker.noteChanged(source) }
    }

    // MARK: Changes

    /// Adds the changes since the last call. Earlier changes count as written unless they were put back.
    mutating func takeChanges(into changes: inout ProfileChanges) {
        let (changed, removed) = tracker.take()
        // By place, which is about the order on disk: the store writes each page of the file once.
        changes.profiles += changed.compactMap(profiles.place).sorted().map { profiles[$0] }
        changes.changedEvidence.merge(changedEvidence) { $1 }
        changes.removed.formUnion(removed)
        changedEvidence = [:]
    }

    /// Gives back the changes that were taken last and could not be written: they are part of the next ones.
    ///
    /// - Parameter changes: Those of other origins are ignored.
    mutating func putBack(_ changes: ProfileChanges, of origin: Origin) {
        let isKept = { [profiles] (source: Source) in profiles.place(of: source) != nil }
        tracker.putBack(
            changed: changes.profiles.map(\.source).filter(isKept),
            removed: changes.removed.filter { $0.origin == origin })
        for (source, change) in changes.changedEvidence where isKept(source) {
            changedEvidence[source, default: []].formUnion(change)
        }
    }
}
