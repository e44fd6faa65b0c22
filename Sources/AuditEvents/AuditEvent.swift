/// The fields of one Kubernetes audit event (audit.k8s.io/v1) that the exporter uses.
///
/// An API server writes one event for each *stage* of a request that the audit policy asks for. All strings are as the
/// JSON says after its escapes are resolved; what is missing, null or of another type than the API gives it is `nil` or
/// empty, since an event must count even where a shipper has dropped or bent a field.
///
/// Source: <https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/#audit-k8s-io-v1-Event>
public struct AuditEvent: Sendable, Hashable {
    /// Unique ID of the request, unless the client chose it with an `Audit-ID` header.
    public var auditID: String
    /// The stage of the request at which the event was made: `RequestReceived`, `ResponseStarted`, `ResponseComplete`
    /// or `Panic`.
    public var stage: String
    /// What the client asked for, path and query.
    public var requestURI: String
    /// The Kubernetes verb; for requests that are not for a resource, the HTTP method in lower case.
    public var verb: String
    /// `user.username`.
    public var username: String
    /// `user.groups`, never those of `impersonatedUser`.
    public var groups: [String]
    /// Where the request came from: what the client wrote into `X-Forwarded-For` and `X-Real-Ip`, in order, and last
    /// the address of the connection. An entry that is no JSON string stands here as an empty string.
    public var sourceIPs: [String]
    /// What the client says it is; `nil` where it said nothing.
    public var userAgent: String?
    /// `responseStatus.code`, the HTTP status.
    public var responseCode: Int?
    /// `responseStatus.status`: `Success` or `Failure`.
    public var responseStatus: String?
    /// `responseStatus.reason`, such as `Forbidden`.
    public var responseReason: String?
    /// `responseStatus.message`.
    public var responseMessage: String?
    /// When the request reached the API server: RFC 3339 with microseconds, as written in the event.
    public var requestReceivedTimestamp: String
    /// When the request reached the stage of this event: RFC 3339 with microseconds, as written in the event.
    public var stageTimestamp: String

    /// An event with the given fields; what is left out is absent.
    public init(
        auditID: String = "", stage: String = "", requestURI: String = "", verb: String = "", username: String = "",
        groups: [String] = [], sourceIPs: [String] = [], userAgent: String? = nil, responseCode: Int? = nil,
        responseStatus: String? = nil, responseReason: String? = nil, responseMessage: String? = nil,
        requestReceivedTimestamp: String = "", stageTimestamp: String = ""
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
        self.requestReceivedTimestamp = requestReceivedTimestamp
        self.stageTimestamp = stageTimestamp
    }
}
