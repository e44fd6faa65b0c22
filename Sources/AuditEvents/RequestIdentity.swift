/// Groups audit events of indistinguishable requests.
///
/// `auditID` alone is not enough: a client can choose it with an `Audit-ID` header, and a client that always sends the
/// same one would be counted once. The time in microseconds does not make it unique either if clients run in parallel.
/// So the identity consists of all fields that the events of one request share at every stage.
public struct RequestIdentity: Sendable, Hashable, Codable {
    /// Keyed hash of auditID, requestReceivedTimestamp, sourceIPs, verb, requestURI and userAgent.
    public let digest: SipHash128.Digest

    /// Restores a stored identity.
    public init(digest: SipHash128.Digest) {
        self.digest = digest
    }

    /// The identity of the request to which `event` belongs.
    public init(of event: AuditEvent, key: SipHash128.Key) {
        var hash = SipHash128(key: key)
        hash.combine(event.auditID)
        hash.combine(event.requestReceivedTimestamp)
        hash.combine(UInt64(event.sourceIPs.count))
        for address in event.sourceIPs { hash.combine(address) }
        hash.combine(event.verb)
        hash.combine(event.requestURI)
        // The API server omits an empty user agent, and a shipper may write it as an empty string.
        hash.combine(event.userAgent ?? "")
        digest = hash.digest()
    }
}

extension AuditEvent {
    /// Sets `hasCompleteIdentity` from the fields. Without its ID and exact times, an event may be equal to one of
    /// another request; shippers cut times to milliseconds or seconds.
    public mutating func checkIdentity() {
        hasCompleteIdentity =
            !auditID.isEmpty && EventTimestamp.hasMicroseconds(requestReceivedTimestamp)
            && EventTimestamp.hasMicroseconds(stageTimestamp)
    }
}

/// Identifies an event that is read again: its request, its stage and the time of that stage.
public struct EventIdentity: Sendable, Hashable, Codable {
    /// Keyed hash of the request's identity, stage and stageTimestamp.
    public let digest: SipHash128.Digest

    /// Restores a stored identity.
    public init(digest: SipHash128.Digest) {
        self.digest = digest
    }

    /// The identity of `event`, which belongs to `request`.
    public init(of event: AuditEvent, request: RequestIdentity, key: SipHash128.Key) {
        var hash = SipHash128(key: key)
        hash.combine(request.digest.first)
        hash.combine(request.digest.second)
        hash.combine(event.stage)
        hash.combine(event.stageTimestamp)
        digest = hash.digest()
    }
}
