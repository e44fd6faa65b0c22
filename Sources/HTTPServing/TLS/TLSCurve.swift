/// A curve for the exchange of keys, by its name in the web configuration file.
///
/// Source: `curve_preferences` of the exporter-toolkit, after Go's `tls.CurveID`.
enum TLSCurve: String, Sendable, Hashable, CaseIterable {
    case p256 = "CurveP256"
    case p384 = "CurveP384"
    case p521 = "CurveP521"
    case x25519 = "X25519"

    /// Its name in GnuTLS's priority strings.
    var priority: String {
        switch self {
        case .p256: "GROUP-SECP256R1"
        case .p384: "GROUP-SECP384R1"
        case .p521: "GROUP-SECP521R1"
        case .x25519: "GROUP-X25519"
        }
    }
}
