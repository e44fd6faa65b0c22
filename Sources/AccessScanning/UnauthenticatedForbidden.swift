public import AuditEvents

extension EventSelector {
    /// What this exporter counts: requests that were made without credentials and refused.
    ///
    /// Source: the Splunk analytic "Kubernetes Access Scanning", `user.groups{}="system:unauthenticated"` and
    /// `responseStatus.code=403` (ID f5edd22d-0f3b-4c70-bcfe-5bf41150f10c, T1046).
    public static let unauthenticatedForbidden = EventSelector(group: "system:unauthenticated", responseCode: 403)
}
