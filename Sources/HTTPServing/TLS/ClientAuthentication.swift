/// What is wanted of a client's certificate, by its name in the web configuration file.
///
/// Source: `client_auth_type` of the exporter-toolkit, after Go's `tls.ClientAuthType`.
enum ClientAuthentication: String, Sendable, Hashable, CaseIterable {
    case none = "NoClientCert"
    /// Asked for, and taken whatever it is.
    case request = "RequestClientCert"
    /// One must be there, whatever it is.
    case requireAny = "RequireAnyClientCert"
    /// One that is there must be signed by the client CA.
    case verifyIfGiven = "VerifyClientCertIfGiven"
    /// One must be there, and be signed by the client CA.
    case requireAndVerify = "RequireAndVerifyClientCert"

    var isRequired: Bool { self == .requireAny || self == .requireAndVerify }
    var isVerified: Bool { self == .verifyIfGiven || self == .requireAndVerify }
}
