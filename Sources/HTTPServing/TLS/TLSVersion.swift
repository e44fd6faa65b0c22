/// A version of TLS, by its name in the web configuration file.
enum TLSVersion: String, Sendable, Hashable, CaseIterable {
    case tls10 = "TLS10"
    case tls11 = "TLS11"
    case tls12 = "TLS12"
    case tls13 = "TLS13"

    /// Which versions GnuTLS is to speak, in the form of its priority strings.
    static func priorities(from minimum: TLSVersion) -> String {
        let names = ["VERS-TLS1.0", "VERS-TLS1.1", "VERS-TLS1.2", "VERS-TLS1.3"]
        let first = allCases.firstIndex(of: minimum) ?? 0
        return (["NORMAL", "-VERS-ALL"] + names[first...].reversed().map { "+" + $0 }).joined(separator: ":")
    }
}
