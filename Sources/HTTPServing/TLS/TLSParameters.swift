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
        return parts.joined(separator: ":")
    }
}
