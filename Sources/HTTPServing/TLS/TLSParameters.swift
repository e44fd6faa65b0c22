/// What of TLS is spoken, beside certificates.
struct TLSParameters: Sendable, Hashable {
    var versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    /// For the exchange of keys, the best first; GnuTLS's own where it is empty.
    var curves: [TLSCurve] = []
    /// GnuTLS's own where it is `nil`.
    var cipherSuites: TLSCipherSuites?
    /// Whether our order counts, or the client's.
    var prefersOwnOrder = true

    /// In the form of GnuTLS's priority strings.
    var priorities: String {
        var parts = ["NORMAL", "-VERS-ALL"]
        parts += TLSVersion.allCases.filter(versions.contains).reversed().map { "+\($0.priority)" }
        if !curves.isEmpty { parts += ["-GROUP-ALL"] + curves.map { "+\($0.priority)" } }
        if let cipherSuites { parts += cipherSuites.priorities }
        if prefersOwnOrder { parts.append("%SERVER_PRECEDENCE") }
        // Go, and so the exporter-toolkit, does not look at the key usages of a certificate, and some that are in use say
        // only keyEncipherment. GnuTLS would use these without forward secrecy, and not at all for TLS 1.3.
        parts.append("%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS")
        return parts.joined(separator: ":")
    }
}
