import AuditEvents

extension EventSelector {
    /// The first of them alone.
    static let unauthenticatedForbidden = ofOutcomes[0]
    /// The exporter's selectors: forbidden, unauthorized and allowed requests.
    static let ofOutcomes = [
        EventSelector(group: "system:unauthenticated", responseCode: 403),
        EventSelector(withoutUserAndResponseCode: 401),
        EventSelector(group: "system:unauthenticated", responseCodes: 100...399, excludingOpenPaths: true),
    ]
}
