import CGnuTLS
import ConfigurationFiles

/// Certificates and what is asked of clients, in the form in which GnuTLS uses them.
///
/// Unchecked, for GnuTLS says that credentials may be shared by sessions of several threads once they are not changed
/// any more, and nothing changes them after `init`.
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
            // The system's own configuration of GnuTLS has a say in it.
            throw configuration.place.failure(
                "GnuTLS does not speak TLS in this way on this system: \(GnuTLSError.text(of: result))")
        }
        // From here on what was made is freed, whatever is thrown.
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

    /// Has a session use them. It must not outlive them.
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

/// Called within a handshake; what is not 0 ends it.
private func verifyClientCertificate(session: gnutls_session_t?) -> Int32 {
    var count: UInt32 = 0
    // Whether there must be one was said to GnuTLS, which sees to it.
    guard gnutls_certificate_get_peers(session, &count) != nil, count > 0 else { return 0 }
    var status: UInt32 = 0
    // A server's certificate is no client's, though the same CA signed it.
    let result = GNUTLS_KP_TLS_WWW_CLIENT.withCString { purpose in
        var purpose = gnutls_typed_vdata_st(
            type: GNUTLS_DT_KEY_PURPOSE_OID,
            data: UnsafeMutableRawPointer(mutating: purpose).assumingMemoryBound(to: UInt8.self), size: 0)
        return gnutls_certificate_verify_peers(session, &purpose, 1, &status)
    }
    guard result == GNUTLS_E_SUCCESS, status == 0 else { return GNUTLS_E_CERTIFICATE_ERROR }
    return verifyClientName(session: session)
}

/// Called within a handshake where certificates are taken whoever signed them; what is not 0 ends it.
private func verifyClientName(session: gnutls_session_t?) -> Int32 {
    AllowedClientNames.permit(session) ? 0 : GNUTLS_E_CERTIFICATE_ERROR
}
