/// The fields of one Kubernetes audit event (audit.k8s.io/v1) that the exporter uses.
///
/// An API server writes one event for each *stage* of a request that the audit policy selects. Escapes in strings are
/// resolved. A field that is missing, null or of the wrong type is `nil` or empty, so that an event counts even if a
/// shipper has dropped or changed fields.
///
/// Source: <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/#audit-k8s-io-v1-Event>
public struct AuditEvent: Sendable, Hashable {
    /// ID of the request. Unique unless the client chose it with an `Audit-ID` header.
    public var auditID: String
    /// The stage of the request at which the event was made: `RequestReceived`, `ResponseStarted`, `ResponseComplete`
    /// or `Panic`.
    public var stage: String
    /// Path and query of the request.
    public var requestURI: String
    /// The Kubernetes verb; for non-resource requests the HTTP method in lower case.
    public var verb: String
    /// `user.username`.
    public var username: String
    /// `user.groups`, never those of `impersonatedUser`.
    public var groups: [String]
    /// Source addresses: the client's `X-Forwarded-For` and `X-Real-Ip` values in order, last the address of the
    /// connection. An entry that is not a JSON string is an empty string here.
    public var sourceIPs: [String]
    /// The client's `User-Agent`; `nil` if there is none.
    public var userAgent: String?
    /// `responseStatus.code`, the HTTP status.
    public var responseCode: Int?
    /// `responseStatus.status`: `Success` or `Failure`.
    public var responseStatus: String?
    /// `responseStatus.reason`, such as `Forbidden`.
    public var responseReason: String?
    /// `responseStatus.message`.
    public var responseMessage: String?
    /// The resource asked for, from `objectRef`: `pods`, `deployments.apps`, `pods/exec`; `nil` for a request that is for
    /// no resource.
    public var resource: String?
    /// When the request reached the API server: RFC 3339 with microseconds, as written in the event.
    public var requestReceivedTimestamp: String
    /// When the request reached the stage of this event: RFC 3339 with microseconds, as written in the event.
    public var stageTimestamp: String
    /// Whether its fields tell its request from others: it has an `auditID`, and both times to the microsecond. The
    /// scanner sets it, because a shipper may have dropped or shortened them.
    public var hasCompleteIdentity = true

    /// An event with the given fields and a complete identity; all other fields are absent.
    public init(
        auditID: String = "", stage: String = "", requestURI: String = "", verb: String = "", username: String = "",
        groups: [String] = [], sourceIPs: [String] = [], userAgent: String? = nil, responseCode: Int? = nil,
        responseStatus: String? = nil, responseReason: String? = nil, responseMessage: String? = nil,
        resource: String? = nil, requestReceivedTimestamp: String = "", stageTimestamp: String = ""
    ) {
        self.auditID = auditID
        self.stage = stage
        self.requestURI = requestURI
        self.verb = verb
        self.username = username
        self.groups = groups
        self.sourceIPs = sourceIPs
        self.userAgent = userAgent
        self.responseCode = responseCode
        self.responseStatus = responseStatus
        self.responseReason = responseReason
        self.responseMessage = responseMessage
        self.resource = resource
        self.requestReceivedTimestamp = requestReceivedTimestamp
        self.stageTimestamp = stageTimestamp
    }

    /// The name of a resource with its group and subresource; `nil` without a resource.
    public static func resourceName(_ resource: String?, group: String?, subresource: String?) -> String? {
        guard var name = resource, !name.isEmpty else { return nil }
        if let group, !group.isEmpty { name += ".\(group)" }
        if let subresource, !subresource.isEmpty { name += "/\(subresource)" }
        return name
    }
}
