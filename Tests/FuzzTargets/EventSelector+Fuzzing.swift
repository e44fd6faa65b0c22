import AuditEvents

extension EventSelector {
    /// The exporter's selector.
    static let unauthenticatedForbidden = EventSelector(group: "system:unauthenticated", responseCode: 403)
}
