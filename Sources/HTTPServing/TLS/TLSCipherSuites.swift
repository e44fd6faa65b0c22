/// The cipher suites that are spoken, the best first.
///
/// GnuTLS is told key exchanges and ciphers, and speaks each with each; TLS 1.3 is spoken with the same ciphers. So a
/// list is taken only where that comes to what it says.
struct TLSCipherSuites: Sendable, Hashable {
    private let keyExchanges: [String]
    private let ciphers: [String]
    private let hasMAC: Bool

    /// Why a list cannot be had.
    struct Refusal: Error {
        let reason: String
    }

    /// - Parameters:
    ///   - suites: At least one.
    ///   - versions: The versions for which they are.
    /// - Throws: `TLSCipherSuites.Refusal`, which says what to do.
    init(_ suites: [TLSCipherSuite], for versions: ClosedRange<TLSVersion>) throws(Refusal) {
        keyExchanges = Self.unique(suites.compactMap(\.keyExchange))
        ciphers = Self.unique(suites.map(\.cipher))
        hasMAC = suites.contains { !$0.isAuthenticated }
        if versions.lowerBound < .tls13 {
            guard !keyExchanges.isEmpty else {
                throw Refusal(
                    reason: "there is none for TLS 1.2 among them; add one that names a key exchange, such as "
                        + "\(TLSCipherSuite.ecdsaAES128GCM.rawValue), or give min_version: TLS13")
            }
            let implied = TLSCipherSuite.allCases.first { suite in
                guard let keyExchange = suite.keyExchange, !suites.contains(suite) else { return false }
                return keyExchanges.contains(keyExchange) && ciphers.contains(suite.cipher)
            }
            if let implied {
                throw Refusal(
                    reason: "GnuTLS would take \(implied.rawValue) too, whose key exchange and cipher both stand in "
                        + "the list; add it, or leave out those that share one of them")
            }
        }
        if versions.contains(.tls13), !suites.contains(where: \.isAuthenticated) {
            throw Refusal(
                reason: "TLS 1.3 can use none of them; add one with GCM or CHACHA20, or give max_version: TLS12")
        }
    }

    /// In the form of GnuTLS's priority strings.
    var priorities: [String] {
        ["-CIPHER-ALL"] + ciphers.map { "+\($0)" } + ["-MAC-ALL", "+AEAD"] + (hasMAC ? ["+SHA1"] : [])
            + (keyExchanges.isEmpty ? [] : ["-KX-ALL"] + keyExchanges.map { "+\($0)" })
    }

    private static func unique(_ names: [String]) -> [String] {
        var unique: [String] = []
        for name in names where !unique.contains(name) { unique.append(name) }
        return unique
    }
}
