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

    /// Notes a request.
    ///
    /// - Parameters:
    ///   - path: The hash of its path.
    ///   - now: Seconds since 1970.
    /// - Returns: What has changed in the evidence.
    mutating func note(
        _ event: AuditEvent, _ outcome: Outcome, _ reference: RequestReference, path: UInt64?, at now: Double
    ) -> Evidence.Change {
        lastSeen = now
        last.add(reference)
        if let path { paths.add(path, at: now) }
        return evidence.note(event, outcome)
    }

    /// Replaces times after `now` by `now`.
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

    private let indices: [[Source: Int]]

    /// Profiles; none unless they are given.
    ///
    /// - Parameter profiles: No two of the same source.
    public init(_ profiles: [SourceProfile] = []) {
        let parts = [Origin.verified, .claimed].map { origin in profiles.filter { $0.source.origin == origin } }
        self.profiles = JoinedPages(parts.map { PagedArray($0) })
        indices = parts.map { part in
            Dictionary(part.enumerated().map { ($1.source, $0) }) { first, _ in first }
        }
    }

    init(verified: ProfileTable, claimed: ProfileTable) {
        profiles = JoinedPages([verified.profiles, claimed.profiles])
        indices = [verified.indices, claimed.indices]
    }

    /// The profile of a source; `nil` if it has no counter, or if the profile gave way to those of others.
    public func profile(of source: Source) -> SourceProfile? {
        let part = source.origin == .verified ? 0 : 1
        return indices[part][source].map { profiles.parts[part][$0] }
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
