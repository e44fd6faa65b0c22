extension TLSConfiguration {
    /// - Parameter section: `tls_server_config`.
    /// - Throws: `WebConfigurationError`, which says what to do.
    init(_ section: ConfigurationMapping) throws(WebConfigurationError) {
        try section.allow(
            ["cert_file", "key_file", "client_ca_file", "client_auth_type", "min_version"],
            notYet: [
                "cert", "key", "client_ca", "cipher_suites", "curve_preferences", "max_version",
                "prefer_server_cipher_suites", "client_allowed_sans",
            ])
        guard let certificate = try section.file("cert_file") else {
            throw section.place.failure("cert_file is missing; give the server's certificate (PEM)")
        }
        guard let key = try section.file("key_file") else {
            throw section.place.failure("key_file is missing; give the private key of cert_file (PEM)")
        }
        let authentication = try Self.authentication(section)
        let clientCA = try section.file("client_ca_file")
        if let clientCA, authentication == .none {
            // Who names a CA means to keep others out.
            throw clientCA.place.failure(
                "nobody is asked for a certificate; give client_auth_type too, such as RequireAndVerifyClientCert")
        }
        if authentication.isVerified, clientCA == nil {
            throw section.place(of: "client_auth_type").failure(
                "\(authentication.rawValue) needs client_ca_file; give the CA that signs the clients' certificates")
        }
        self.init(
            certificate: certificate, key: key, clientCA: clientCA, clientAuthentication: authentication,
            minimumVersion: try section.choice("min_version") ?? .tls12)
    }

    private static func authentication(
        _ section: ConfigurationMapping
    ) throws(WebConfigurationError) -> ClientAuthentication {
        // The name that the toolkit had for it first, and still takes.
        if try section.string("client_auth_type") == "RequireClientCert" { return .requireAny }
        return try section.choice("client_auth_type") ?? .none
    }
}
