import AuditEvents

/// What is kept of a source's requests besides their number. All counters of the source share it, whatever the outcome.
///
/// Most of it is text that clients chose. So it is bounded: the evidence, the paths and the last requests each have limits.
public struct SourceProfile: Sendable, Hashable {
    /// The maximum number of requests in `lastRequests`.
    public static let requestLimit = 5

    /// The source.
    public let source: Source
    /// The location of the source when its first counter was created; that of all its counters.
    public let location: Location
    /// When its last request was counted, in seconds since 1970 by the exporter's clock.
    public internal(set) var lastSeen: Double
    /// The distinct values of its requests since the profile was created, within limits.
    public internal(set) var evidence: Evidence
    /// The paths asked for within the last hour.
    public internal(set) var paths: RecentPaths
    /// The requests counted last, newest last; at most `requestLimit`. A request without ID and time is left out.
    public var lastRequests: [RequestReference] { last.references }

    /// The number of distinct paths that were asked for in the present minute and the 60 minutes before it.
    ///
    /// - Parameter now: Seconds since 1970.
    public func distinctPaths(at now: Double) -> Int {
        // Without a look at the paths, which are elsewhere in memory: most sources were silent for longer.
        now - lastSeen > 62 * 60 ? 0 : paths.count(at: now)
    }

    private var last: LastRequests

    /// A profile with these values.
    public init(
        source: Source, location: Location, lastSeen: Double, evidence: Evidence = Evidence(),
        paths: RecentPaths = RecentPaths(), lastRequests: [RequestReference] = []
    ) {
        self.source = source
        self.location = location
        self.lastSeen = lastSeen
        self.evidence = evidence
        self.paths = paths
        last = LastRequests(lastRequests)
    }

    /// A profile as it was stored.
    ///
    /// - Parameters:
    ///   - earlierRequests: The requests before the last one, oldest first: for each the time (64 bits of a `Double`,
    ///     little-endian; not a number for none), the length of the audit ID (8 bits), and the ID in UTF-8. What is not
    ///     whole is ignored.
    ///   - lastRequest: The last request. If it has neither ID nor time, there are no requests.
    public init(
        source: Source, location: Location, lastSeen: Double, evidence: Evidence, paths: RecentPaths,
        earlierRequests: RawSpan, lastRequest: RequestReference
    ) {
        self.source = source
        self.location = location
        self.lastSeen = lastSeen
        self.evidence = evidence
        self.paths = paths
        last = LastRequests(stored: earlierRequests, last: lastRequest)
    }

    /// Notes a request.
    ///
    /// - Parameters:
    ///   - path: The hash of its path.
    ///   - key: The key of the evidence's sample.
    ///   - now: Seconds since 1970.
    /// - Returns: What has changed in the evidence.
    mutating func note(
        _ event: AuditEvent, _ outcome: Outcome, _ reference: RequestReference, path: UInt64?, key: SipHash128.Key,
        at now: Double
    ) -> Evidence.Change {
        lastSeen = now
        last.add(reference)
        if let path { paths.add(path, at: now) }
        return evidence.note(event, outcome, key: key)
    }
}

extension SourceProfile: PlacedValue {
    var subject: Source { source }

    @inline(__always)
    func hasTimes(after now: Double) -> Bool {
        lastSeen.isAfter(now) || last.isAfter(now) || paths.isAfter(now)
    }

    mutating func limitTimes(to now: Double) {
        lastSeen = lastSeen.limited(to: now)
        last.limitTimes(to: now)
        paths.limit(to: now)
    }
}

/// The profiles of all sources at one moment.
public struct SourceProfiles: Sendable {
    /// The profiles of the verified sources, then those of the claimed ones. A profile keeps its index in its part; only
    /// the last one of a part may move, to an index that became free.
    public var profiles: JoinedPages<SourceProfile>

    // Of each part.
    private let indices: [PlaceIndex<Source>]

    /// Profiles; none unless they are given.
    ///
    /// - Parameter profiles: No two of the same source.
    public init(_ profiles: [SourceProfile] = []) {
        let parts = [Origin.verified, .claimed].map { origin in
            var part = OrderedPlaces<SourceProfile>()
            for profile in profiles where profile.source.origin == origin { part.append(profile, to: .quiet) }
            return part
        }
        self.profiles = JoinedPages(parts.map(\.values))
        indices = parts.map(\.index)
    }

    init(verified: ProfileTable, claimed: ProfileTable) {
        profiles = JoinedPages([verified.profiles.values, claimed.profiles.values])
        indices = [verified.profiles.index, claimed.profiles.index]
    }

    /// The profile of a source; `nil` if it has no counter, or if the profile gave way to those of others.
    public func profile(of source: Source) -> SourceProfile? {
        let part = source.origin == .verified ? 0 : 1
        let profiles = profiles.parts[part]
        return indices[part].place(of: source) { profiles[$0].source }.map { profiles[$0] }
    }
}

/// The changes of profiles since they were last taken.
public struct ProfileChanges: Sendable, Hashable {
    /// The new values of the profiles that were created or changed.
    public var profiles: [SourceProfile] = []
    /// What has changed in the evidence of the sources among them.
    public var changedEvidence: [Source: Evidence.Change] = [:]
    /// The sources whose profiles were removed.
    public var removed: Set<Source> = []

    /// No changes.
    public init() {}
}
