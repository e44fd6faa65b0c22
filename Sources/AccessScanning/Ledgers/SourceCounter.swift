import AuditEvents

/// The subject of a counter by source: the source and, where the analytic distinguishes them, its credentials.
public struct SourceSubject: Sendable, Hashable {
    /// The source.
    public let source: Source
    /// The credentials; `nil` for an analytic that does not distinguish them.
    public let credentials: Credentials?

    /// A source with these credentials.
    public init(_ source: Source, _ credentials: Credentials? = nil) {
        self.source = source
        self.credentials = credentials
    }
}

extension SourceSubject: CountedSubject {
    var isBudgeted: Bool {
        if case .address = source.address { true } else { false }
    }

    var other: SourceSubject { SourceSubject(Source(.other, source.origin), credentials) }

    func combine(into hash: inout SipHash128) {
        guard case .address(let address) = source.address else { return }
        hash.combine(address.high)
        hash.combine(address.low)
        switch credentials {
        case nil: break
        case .some(.none): hash.combine(1)
        case .presented: hash.combine(2)
        case .unknown: hash.combine(3)
        }
    }
}

/// The counter of one source, or of one source and its credentials.
///
/// It is small, since each request changes one. What is kept of the requests themselves is in the `SourceProfile`, which
/// all counters of a source share.
public struct SourceCounter: Sendable, Hashable {
    /// The source.
    public let source: Source
    /// The credentials of its requests; `nil` for an analytic that does not distinguish them.
    public let credentials: Credentials?
    /// The location of the source when the counter was created: a later database must not move a count to another
    /// series.
    public let location: Location
    /// When the counter was created, in seconds since 1970 by the exporter's clock.
    public internal(set) var firstSeen: Double
    /// When it last increased, in seconds since 1970 by the exporter's clock.
    public internal(set) var lastSeen: Double
    /// The requests counted.
    public internal(set) var requests: UInt64
    /// When the last requests were counted.
    public internal(set) var recent: RecentRequests
    /// The request counted last that has an ID or a time; `nil` if there was none.
    public internal(set) var lastRequest: RequestReference?
    /// The requests of each minute of the last hour.
    public internal(set) var byMinute: RequestsByMinute

    /// A counter with these values.
    public init(
        _ subject: SourceSubject, location: Location, firstSeen: Double, lastSeen: Double, requests: UInt64,
        recent: RecentRequests = RecentRequests(), lastRequest: RequestReference? = nil,
        byMinute: RequestsByMinute = RequestsByMinute()
    ) {
        source = subject.source
        credentials = subject.credentials
        self.location = location
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.requests = requests
        self.recent = recent
        self.lastRequest = lastRequest
        self.byMinute = byMinute
    }

    /// Notes what is kept of a request.
    mutating func note(_ reference: RequestReference, at now: Double) {
        if !reference.isEmpty { lastRequest = reference }
        // A counter that continues from earlier requests, or one of an older version, has these and this one in `recent`.
        let times = byMinute.minutes.isEmpty ? recent.times.reversed() : [RecentRequests.wholeSecond(now)]
        for time in times { byMinute.add(at: time) }
    }
}

extension SourceCounter: BudgetedCounter {
    /// The source and its credentials.
    public var subject: SourceSubject { SourceSubject(source, credentials) }

    @inline(__always)
    func hasTimes(after now: Double) -> Bool {
        firstSeen.isAfter(now) || lastSeen.isAfter(now) || recent.isAfter(now)
            || lastRequest?.received?.isAfter(now) == true || byMinute.isAfter(now)
    }

    mutating func limitTimes(to now: Double) {
        firstSeen = firstSeen.limited(to: now)
        lastSeen = lastSeen.limited(to: now)
        recent.limit(to: now)
        if let received = lastRequest?.received { lastRequest?.received = received.limited(to: now) }
        byMinute.limit(to: now)
    }
}

/// Identifies a counted request in the audit log.
public struct RequestReference: Sendable, Hashable {
    /// The maximum length of an audit ID that is kept, in bytes.
    ///
    /// A client can choose the ID by a header, as long as headers may be; kept with each source, such IDs would fill
    /// the memory. IDs that API servers make are UUIDs.
    public static let auditIDLimit = 128

    /// The audit ID, which the client may have chosen; empty if it is longer than the limit, since a part of it would
    /// find nothing.
    public let auditID: String
    /// The `requestReceivedTimestamp`, in seconds since 1970; `nil` if the event has none.
    public internal(set) var received: Double?

    /// Whether it has neither ID nor time, so that nothing can be found by it.
    public var isEmpty: Bool { auditID.isEmpty && received == nil }

    /// A reference to a request.
    public init(auditID: String, received: Double?) {
        self.auditID = auditID.utf8.count <= Self.auditIDLimit ? auditID : ""
        self.received = received
    }
}
