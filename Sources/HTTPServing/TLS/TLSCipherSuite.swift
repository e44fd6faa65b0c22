/// A cipher suite, by its name in the web configuration file.
///
/// Source: `cipher_suites` of the exporter-toolkit: those that Go's `tls.CipherSuites` holds for secure.
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

    /// Its key exchange in GnuTLS's priority strings; `nil` for a suite of TLS 1.3, which has none of its own.
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

    /// Whether the cipher sees to integrity itself, as all of TLS 1.3 do.
    var isAuthenticated: Bool { !cipher.hasSuffix("CBC") }
}
