public import AuditEvents

/// The credentials of a request that was not authenticated, as far as its audit event says.
///
/// The raw value is the value of the label `credentials`. An API server writes into `responseStatus.message`:
///
/// | message | credentials |
/// | --- | --- |
/// | `Authentication failed, no credentials provided` | `none` |
/// | `Authentication failed, attempted: bearer`, or `basic`, `access_token`, `x509`, several with `, ` | `presented` |
/// | `Unauthorized`, any other, or none | `unknown` |
///
/// Most events have `Unauthorized`, or no message up to 1.23: `docs/outcomes.md` says when the others are written. Nothing
/// else in an event tells them apart: `reason` is `Unauthorized` in each case.
///
/// Source: `getAuthMethods` in
/// <https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/endpoints/filters/authn_audit.go>
public enum Credentials: String, Sendable, Hashable, CaseIterable {
    /// The request had none.
    case none
    /// The request had some, which were not accepted.
    case presented
    /// The event does not say: the API server wrote no message, or another one.
    case unknown
}

extension AuditEvent {
    private static let noCredentials = "Authentication failed, no credentials provided"
    private static let attempted = "Authentication failed, attempted: "

    /// The credentials of its request, which was not authenticated.
    public var credentials: Credentials {
        guard let message = responseMessage else { return .unknown }
        // The bytes, since strings of different bytes can be equal.
        if message.utf8.elementsEqual(Self.noCredentials.utf8) { return .none }
        return message.utf8.starts(with: Self.attempted.utf8) ? .presented : .unknown
    }
}
