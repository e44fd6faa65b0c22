import AuditEvents

extension EventSelector {
    /// What the exporter selects.
    static let unauthenticatedForbidden = EventSelector(group: "system:unauthenticated", responseCode: 403)
}
