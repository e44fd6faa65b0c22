public import AuditEvents

/// An outcome of requests that is counted: which events belong to it, and the names of its counters.
///
/// The detection, the store and the metrics are given a list of analytics. Another outcome is another value in that
/// list; each has ledgers and budgets of its own. They share what is true of any request: which events belong to it,
/// its addresses, and whether the filter matches it.
public struct Analytic: Sendable, Hashable {
    /// The names of the metrics that show counters.
    public struct CounterNames: Sendable, Hashable {
        /// The counter of requests, with `_total`.
        public let requests: String
        /// The gauge of when a counter was created.
        public let firstSeen: String

        /// Names as Prometheus knows them.
        public init(requests: String, firstSeen: String) {
            self.requests = requests
            self.firstSeen = firstSeen
        }
    }

    /// Names the analytic in the state on disk, so it must never change.
    public let name: String
    /// The outcome of the requests that are counted.
    public let outcome: Outcome
    /// The requests that are counted, as the beginning of a sentence; the HELP texts of its counters begin so.
    public let meaning: String
    /// The events that are counted.
    public let selector: EventSelector
    /// Whether a source has a counter for each kind of credentials, with a label that names them.
    public let distinguishesCredentials: Bool
    /// The counters by source.
    public let sources: CounterNames
    /// The counters by network; `nil` where networks are not counted.
    public let networks: CounterNames?

    /// An outcome that is counted.
    public init(
        name: String, outcome: Outcome = .forbidden, meaning: String, selector: EventSelector,
        distinguishesCredentials: Bool = false, sources: CounterNames, networks: CounterNames? = nil
    ) {
        self.name = name
        self.outcome = outcome
        self.distinguishesCredentials = distinguishesCredentials
        self.meaning = meaning
        self.selector = selector
        self.sources = sources
        self.networks = networks
    }
}

extension Analytic {
    /// The credentials that its counters may have.
    var credentials: [Credentials?] { distinguishesCredentials ? Credentials.allCases : [nil] }

    /// Requests that were made without credentials and refused.
    ///
    /// Source: the Splunk analytic "Kubernetes Access Scanning", `user.groups{}="system:unauthenticated"` and
    /// `responseStatus.code=403` (ID f5edd22d-0f3b-4c70-bcfe-5bf41150f10c, T1046).
    public static let forbidden = Analytic(
        name: Outcome.forbidden.rawValue, meaning: "Requests to the API server without credentials that were refused",
        selector: .unauthenticatedForbidden,
        sources: CounterNames(
            requests: "kube_audit_unauthenticated_forbidden_requests_total",
            firstSeen: "kube_audit_source_first_seen_timestamp_seconds"),
        networks: CounterNames(
            requests: "kube_audit_unauthenticated_forbidden_requests_by_network_total",
            firstSeen: "kube_audit_network_first_seen_timestamp_seconds"))

    /// Requests that were not authenticated: without credentials where anonymous access is off or restricted, or with
    /// credentials that were not accepted.
    public static let unauthorized = Analytic(
        name: Outcome.unauthorized.rawValue, outcome: .unauthorized,
        meaning: "Requests to the API server that were not authenticated (401)", selector: .unauthorized,
        distinguishesCredentials: true,
        sources: CounterNames(
            requests: "kube_audit_unauthorized_requests_total",
            firstSeen: "kube_audit_unauthorized_source_first_seen_timestamp_seconds"),
        networks: CounterNames(
            requests: "kube_audit_unauthorized_requests_by_network_total",
            firstSeen: "kube_audit_unauthorized_network_first_seen_timestamp_seconds"))

    /// Requests that were made without credentials and answered, besides those that Kubernetes answers to everyone.
    public static let allowed = Analytic(
        name: Outcome.allowed.rawValue, outcome: .allowed,
        meaning: "Requests to the API server without credentials that were answered, outside the open paths",
        selector: .anonymousAllowed,
        sources: CounterNames(
            requests: "kube_audit_anonymous_allowed_requests_total",
            firstSeen: "kube_audit_anonymous_allowed_source_first_seen_timestamp_seconds"))
}

extension EventSelector {
    /// The events of `Analytic.forbidden`.
    public static let unauthenticatedForbidden = EventSelector(group: "system:unauthenticated", responseCode: 403)
    /// Requests without valid credentials that the API server refused to authenticate: no user, 401.
    public static let unauthorized = EventSelector(withoutUserAndResponseCode: 401)
    /// Requests without credentials that were answered, outside the paths that are open to everyone.
    public static let anonymousAllowed = EventSelector(
        group: "system:unauthenticated", responseCodes: 100...399, excludingOpenPaths: true)
}

/// The analytic's threshold for a scan: more than this number of requests within the window.
///
/// The alert rules decide what is a scan. Here the threshold decides which sources are quiet, and which counters may be
/// displaced. Source: the Splunk analytic "Kubernetes Access Scanning", `count > 5` over an hour.
public enum ScanningThreshold {
    /// The largest number of requests within the window that is not a scan, unless another threshold is given.
    public static let requests = 5
    /// The thresholds that can be given.
    public static let range = 1...100
    /// The window, in seconds.
    public static let window: Double = 3600
}
