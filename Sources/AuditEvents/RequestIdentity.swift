/// By what two events are known to be of alike requests, and two readings to be of one event.
///
/// `auditID` alone will not do: a client that sends an `Audit-ID` header chooses it, and one that sends the same for
/// every request would be counted once. Nor does the microsecond make it unique under parallel clients. So a request
/// is known by all that its events have in common and that no stage changes.
public struct RequestIdentity: Sendable, Hashable, Codable {
    /// Keyed hash of auditID, requestReceivedTimestamp, sourceIPs, verb, requestURI and userAgent.
    public let digest: SipHash128.Digest

    /// An identity as it was kept.
    public init(digest: SipHash128.Digest) {
        self.digest = digest
    }

    /// The identity of the request that `event` tells of.
    public init(of event: AuditEvent, key: SipHash128.Key) {
        var hash = SipHash128(key: key)
        hash.combine(event.auditID)
        hash.combine(event.requestReceivedTimestamp)
        hash.combine(UInt64(event.sourceIPs.count))
        for address in event.sourceIPs { hash.combine(address) }
        hash.combine(event.verb)
        hash.combine(event.requestURI)
        // An empty user agent is none in the JSON, and an event that passed through a shipper may say either.
        hash.combine(event.userAgent ?? "")
        digest = hash.digest()
    }
}

/// By what an event is known when it is read again: its request, its stage and when the request reached that stage.
public struct EventIdentity: Sendable, Hashable, Codable {
    /// Keyed hash of the request's identity, stage and stageTimestamp.
    public let digest: SipHash128.Digest

    /// An identity as it was kept.
    public init(digest: SipHash128.Digest) {
        self.digest = digest
    }

    /// The identity of `event`, which is one of `request`.
    public init(of event: AuditEvent, request: RequestIdentity, key: SipHash128.Key) {
        var hash = SipHash128(key: key)
        hash.combine(request.digest.first)
        hash.combine(request.digest.second)
        hash.combine(event.stage)
        hash.combine(event.stageTimestamp)
        digest = hash.digest()
    }
}
