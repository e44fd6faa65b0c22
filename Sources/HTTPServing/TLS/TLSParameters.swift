import ConfigurationFiles

/// Versions, curves and cipher suites of TLS.
struct TLSParameters: Sendable, Hashable {
    var versions: ClosedRange<TLSVersion> = .tls12 ... .tls13
    /// For the key exchange, in order of preference; GnuTLS's defaults if it is empty.
    var curves: [TLSCurve] = []
    /// GnuTLS's defaults if it is `nil`.
    var cipherSuites: TLSCipherSuites?
    /// Whether the server's order of preference is used, or the client's.
    var prefersOwnOrder = true

    /// As a GnuTLS priority string.
    var priorities: String {
        var parts = ["NORMAL", "-VERS-ALL"]
        parts += TLSVersion.allCases.filter(versions.contains).reversed().map { "+\($0.priority)" }
        if !curves.isEmpty { parts += ["-GROUP-ALL"] + curves.map { "+\($0.priority)" } }
        if let cipherSuites { parts += cipherSuites.priorities }
        if prefersOwnOrder { parts.append("%SERVER_PRECEDENCE") }
        // Go, and so the exporter-toolkit, ignores the key usages of a certificate, and some certificates in use have
        // only keyEncipherment. GnuTLS would use these without forward secrecy, and not at all with TLS 1.3.
        parts.append("%DEBUG_ALLOW_KEY_USAGE_VIOLATIONS")
        return parts.joined(separator: ":")
    }
}

extension TLSParameters {
    /// - Parameter section: `tls_server_config`.
    /// - Throws: `ConfigurationFileError` with the key and the correction.
    init(_ section: ConfigurationMapping) throws(ConfigurationFileError) {
        let minimum: TLSVersion = try section.choice("min_version") ?? .tls12
        let maximum: TLSVersion = try section.choice("max_version") ?? .tls13
        guard minimum <= maximum else {
            throw section.place(of: "max_version").failure(
                "\(maximum.rawValue) is older than min_version (\(minimum.rawValue)); raise it, or lower min_version")
        }
        versions = minimum...maximum
        curves = try section.choices("curve_preferences")
        let suites: [TLSCipherSuite] = try section.choices("cipher_suites")
        if !suites.isEmpty {
            do throws(TLSCipherSuites.Unsupported) {
                cipherSuites = try TLSCipherSuites(suites, for: versions)
            } catch {
                throw section.place(of: "cipher_suites").failure(error.reason)
            }
        }
        prefersOwnOrder = try section.bool("prefer_server_cipher_suites") ?? true
    }
}

/// A version of TLS, by its name in the web configuration file.
enum TLSVersion: String, Sendable, Hashable, CaseIterable, Comparable {
    case tls10 = "TLS10"
    case tls11 = "TLS11"
    case tls12 = "TLS12"
    case tls13 = "TLS13"

    /// Its name in GnuTLS's priority strings.
    var priority: String {
        switch self {
        case .tls10: "VERS-TLS1.0"
        case .tls11: "VERS-TLS1.1"
        case .tls12: "VERS-TLS1.2"
        case .tls13: "VERS-TLS1.3"
        }
    }

    static func < (one: TLSVersion, other: TLSVersion) -> Bool { one.priority < other.priority }
}

/// A curve for the key exchange, by its name in the web configuration file.
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

/// A cipher suite, by its name in the web configuration file.
///
/// Source: `cipher_suites` of the exporter-toolkit: those that Go's `tls.CipherSuites` lists as secure.
enum TLSCipherSuite: String, Sendable, Hashable, CaseIterable {
    case aes128GCM = "TLS_AES_128_GCM_SHA256"
    case aes256GCM = "TLS_AES_256_GCM_SHA384"
    case chacha20 = "TLS_CHACHA20_POLY1305_SHA256"
    case ecdsaAES128GCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    case ecdsaAES256GCM = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    case ecdsaChacha20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
    case ecdsaAES128CBC = "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
    case ecdsaAES256CBC = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"
    case rsaAES128GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    case rsaAES256GCM = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    case rsaChacha20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
    case rsaAES128CBC = "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
    case rsaAES256CBC = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"

    /// Its key exchange in GnuTLS's priority strings; `nil` for a suite of TLS 1.3, which does not name one.
    var keyExchange: String? {
        switch self {
        case .aes128GCM, .aes256GCM, .chacha20: nil
        case .ecdsaAES128GCM, .ecdsaAES256GCM, .ecdsaChacha20, .ecdsaAES128CBC, .ecdsaAES256CBC: "ECDHE-ECDSA"
        case .rsaAES128GCM, .rsaAES256GCM, .rsaChacha20, .rsaAES128CBC, .rsaAES256CBC: "ECDHE-RSA"
        }
    }

    /// Its cipher in GnuTLS's priority strings.
    var cipher: String {
        switch self {
        case .aes128GCM, .ecdsaAES128GCM, .rsaAES128GCM: "AES-128-GCM"
        case .aes256GCM, .ecdsaAES256GCM, .rsaAES256GCM: "AES-256-GCM"
        case .chacha20, .ecdsaChacha20, .rsaChacha20: "CHACHA20-POLY1305"
        case .ecdsaAES128CBC, .rsaAES128CBC: "AES-128-CBC"
        case .ecdsaAES256CBC, .rsaAES256CBC: "AES-256-CBC"
        }
    }

    /// Whether the cipher is an AEAD, as all of TLS 1.3 are; the others need a separate MAC.
    var isAuthenticated: Bool { !cipher.hasSuffix("CBC") }
}

/// The enabled cipher suites, in order of preference.
///
/// GnuTLS takes key exchanges and ciphers separately and combines each with each, and uses the same ciphers for TLS 1.3.
/// So a list is accepted only if these combinations are exactly its suites.
struct TLSCipherSuites: Sendable, Hashable {
    private let keyExchanges: [String]
    private let ciphers: [String]
    private let hasMAC: Bool

    /// The reason why GnuTLS cannot be limited to a list.
    struct Unsupported: Error {
        let reason: String
    }

    /// - Parameters:
    ///   - suites: At least one.
    ///   - versions: The enabled versions.
    /// - Throws: `TLSCipherSuites.Unsupported` with the correction.
    init(_ suites: [TLSCipherSuite], for versions: ClosedRange<TLSVersion>) throws(Unsupported) {
        keyExchanges = Self.unique(suites.compactMap(\.keyExchange))
        ciphers = Self.unique(suites.map(\.cipher))
        hasMAC = suites.contains { !$0.isAuthenticated }
        if versions.lowerBound < .tls13 {
            guard !keyExchanges.isEmpty else {
                throw Unsupported(
                    reason: "contains no suite for TLS 1.2; add one that names a key exchange, such as "
                        + "\(TLSCipherSuite.ecdsaAES128GCM.rawValue), or give min_version: TLS13")
            }
            let implied = TLSCipherSuite.allCases.first { suite in
                guard let keyExchange = suite.keyExchange, !suites.contains(suite) else { return false }
                return keyExchanges.contains(keyExchange) && ciphers.contains(suite.cipher)
            }
            if let implied {
                throw Unsupported(
                    reason: "GnuTLS would also enable \(implied.rawValue), whose key exchange and cipher are both in "
                        + "the list; add it, or remove the suites that share one of them")
            }
        }
        if versions.contains(.tls13), !suites.contains(where: \.isAuthenticated) {
            throw Unsupported(
                reason: "contains no suite for TLS 1.3; add one with GCM or CHACHA20, or give max_version: TLS12")
        }
    }

    /// As parts of a GnuTLS priority string.
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
