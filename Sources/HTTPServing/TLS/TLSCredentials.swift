import CGnuTLS
import ConfigurationFiles
import Glibc
import Synchronization

/// Certificates and the demands on clients, as GnuTLS uses them.
///
/// Unchecked, because GnuTLS allows sessions on several threads to share credentials that do not change, and nothing
/// changes them after `init`.
final class TLSCredentials: @unchecked Sendable {
    private let credentials: gnutls_certificate_credentials_t
    private let priorities: gnutls_priority_t
    private let authentication: ClientAuthentication
    private let trustsSystem: Bool
    /// Whether there is an authority whose clients are accepted, if their certificates are verified.
    private(set) var hasAuthorities = true
    /// When the server's certificate ends, or the first of those between it and its root; in seconds since 1970.
    let notAfter: Double

    /// Reads the files.
    ///
    /// - Throws: `ConfigurationFileError`, which names the file that cannot be used.
    init(_ configuration: TLSConfiguration) throws(ConfigurationFileError) {
        authentication = configuration.clientAuthentication
        trustsSystem = configuration.clientCA == nil && authentication.isVerified
        let certificate = try PEMText(configuration.certificate)
        notAfter = try certificate.checkCertificates()
        let key = try PEMText(configuration.key)
        try key.checkKey()
        let clientCA = try configuration.clientCA.map(PEMText.init)
        try clientCA?.checkCertificates()

        var credentials: gnutls_certificate_credentials_t?
        guard gnutls_certificate_allocate_credentials(&credentials) == GNUTLS_E_SUCCESS, let credentials else {
            fatalError("out of memory")
        }
        var priorities: gnutls_priority_t?
        let result = gnutls_priority_init(&priorities, configuration.parameters.priorities, nil)
        guard result == GNUTLS_E_SUCCESS, let priorities else {
            gnutls_certificate_free_credentials(credentials)
            // The system-wide GnuTLS configuration can forbid algorithms.
            throw configuration.place.failure(
                "GnuTLS rejects these TLS settings on this system: \(GnuTLSError.text(of: result))")
        }
        // From here on, deinit frees both, also if an error is thrown.
        self.credentials = credentials
        self.priorities = priorities
        AllowedClientNames.set(configuration.allowedNames, for: credentials)

        let status = certificate.withDatum { certificate in
            key.withDatum { key in
                gnutls_certificate_set_x509_key_mem2(credentials, certificate, key, GNUTLS_X509_FMT_PEM, nil, 0)
            }
        }
        guard status >= 0 else {
            throw configuration.key.failure(
                "\(GnuTLSError.text(of: status)) (the certificate is \(configuration.certificate.name))")
        }
        if let clientCA {
            _ = clientCA.withDatum { gnutls_certificate_set_x509_trust_mem(credentials, $0, GNUTLS_X509_FMT_PEM) }
        } else if authentication.isVerified {
            // The number of certificates, or an error where the system has none.
            hasAuthorities = gnutls_certificate_set_x509_system_trust(credentials) > 0
        }
        if authentication.isVerified {
            gnutls_certificate_set_verify_function(credentials, verifyClientCertificate)
        } else if configuration.allowedNames != nil {
            gnutls_certificate_set_verify_function(credentials, verifyClientName)
        }
    }

    deinit {
        AllowedClientNames.set(nil, for: credentials)
        gnutls_certificate_free_credentials(credentials)
        gnutls_priority_deinit(priorities)
    }

    /// Makes a session use them. The session must not outlive them.
    func apply(to session: gnutls_session_t) {
        gnutls_priority_set(session, priorities)
        gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(credentials))
        let request =
            if authentication.isRequired {
                GNUTLS_CERT_REQUIRE
            } else if authentication == .none {
                GNUTLS_CERT_IGNORE
            } else {
                GNUTLS_CERT_REQUEST
            }
        gnutls_certificate_server_set_request(session, request)
        // The names of all authorities of a system are long, and of no use to a client.
        if trustsSystem { gnutls_certificate_send_x509_rdn_sequence(session, 1) }
    }
}

/// Called within a handshake; a result other than 0 ends it.
private func verifyClientCertificate(session: gnutls_session_t?) -> Int32 {
    var count: UInt32 = 0
    // GnuTLS itself demands one if it is required.
    guard gnutls_certificate_get_peers(session, &count) != nil, count > 0 else { return 0 }
    var status: UInt32 = 0
    // A certificate for servers is not one for clients, even if the same CA signed it.
    let result = GNUTLS_KP_TLS_WWW_CLIENT.withCString { purpose in
        var purpose = gnutls_typed_vdata_st(
            type: GNUTLS_DT_KEY_PURPOSE_OID,
            data: UnsafeMutableRawPointer(mutating: purpose).assumingMemoryBound(to: UInt8.self), size: 0)
        return gnutls_certificate_verify_peers(session, &purpose, 1, &status)
    }
    guard result == GNUTLS_E_SUCCESS, status == 0 else { return GNUTLS_E_CERTIFICATE_ERROR }
    return verifyClientName(session: session)
}

/// Called within a handshake if certificates are accepted from any issuer; a result other than 0 ends it.
private func verifyClientName(session: gnutls_session_t?) -> Int32 {
    AllowedClientNames.permit(session) ? 0 : GNUTLS_E_CERTIFICATE_ERROR
}

/// The names of which a client's certificate must contain one, by the credentials of the server.
///
/// GnuTLS passes only the session to a verification function, without a context. The names are found by the credentials
/// that the session uses.
enum AllowedClientNames {
    private static let names = Mutex<[UInt: Set<String>]>([:])

    static func set(_ allowed: Set<String>?, for credentials: gnutls_certificate_credentials_t) {
        names.withLock { $0[UInt(bitPattern: credentials)] = allowed }
    }

    /// Whether the client's certificate contains one of the allowed names, or names are not restricted.
    static func permit(_ session: gnutls_session_t?) -> Bool {
        var credentials: UnsafeMutableRawPointer?
        guard gnutls_credentials_get(session, GNUTLS_CRD_CERTIFICATE, &credentials) == GNUTLS_E_SUCCESS else {
            return false
        }
        guard let allowed = names.withLock({ $0[UInt(bitPattern: credentials)] }) else { return true }
        var count: UInt32 = 0
        // The client's own certificate is the first of its chain.
        guard let certificates = gnutls_certificate_get_peers(session, &count), count > 0 else { return false }
        return !allowed.isDisjoint(with: CertificateNames.names(inDER: certificates))
    }
}

/// The subject alternative names of a certificate.
enum CertificateNames {
    // Bytes of a name; longer ones are skipped.
    private static let longest = 8192

    /// Host names, e-mail addresses, URIs, and IP addresses in canonical text; empty if it is not a certificate.
    static func names(inDER certificate: UnsafePointer<gnutls_datum_t>) -> Set<String> {
        var parsed: gnutls_x509_crt_t?
        guard gnutls_x509_crt_init(&parsed) == GNUTLS_E_SUCCESS else { return [] }
        defer { gnutls_x509_crt_deinit(parsed) }
        guard gnutls_x509_crt_import(parsed, certificate, GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS else { return [] }
        var names: Set<String> = []
        var buffer = [UInt8](repeating: 0, count: longest)
        for index in UInt32(0)... {
            var size = buffer.count
            let type = gnutls_x509_crt_get_subject_alt_name(parsed, index, &buffer, &size, nil)
            // A name that is too long is skipped; any other error is the end of the list.
            if type == GNUTLS_E_SHORT_MEMORY_BUFFER { continue }
            guard type >= 0 else { break }
            if let name = name(Array(buffer.prefix(size)), type: UInt32(type)) { names.insert(name) }
        }
        return names
    }

    private static func name(_ bytes: [UInt8], type: UInt32) -> String? {
        switch type {
        case GNUTLS_SAN_DNSNAME.rawValue, GNUTLS_SAN_RFC822NAME.rawValue, GNUTLS_SAN_URI.rawValue:
            String(validating: bytes, as: UTF8.self)
        case GNUTLS_SAN_IPADDRESS.rawValue: address(bytes)
        default: nil
        }
    }

    private static func address(_ bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard
            inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(INET6_ADDRSTRLEN)) != nil
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
