import ConfigurationFiles

extension TLSConfiguration {
    /// - Parameter section: `tls_server_config`.
    /// - Throws: `ConfigurationFileError`, which says what to do.
    init(_ section: ConfigurationMapping) throws(ConfigurationFileError) {
        try section.allow(
            [
                "cert_file", "key_file", "client_ca_file", "cert", "key", "client_ca", "client_auth_type",
                "client_allowed_sans", "min_version", "max_version", "cipher_suites",
                "prefer_server_cipher_suites", "curve_preferences",
            ])
        guard let certificate = try section.pem("cert") else {
            throw section.place.failure("missing one of cert or cert_file; give the server's certificate (PEM)")
        }
        guard let key = try section.pem("key") else {
            throw section.place.failure("missing one of key or key_file; give the certificate's private key (PEM)")
        }
        let authentication = try Self.authentication(section)
        let clientCA = try section.pem("client_ca")
        if let clientCA, authentication == .none {
            // Who names a CA means to keep others out.
            throw clientCA.place.failure(
                "nobody is asked for a certificate; give client_auth_type too, such as RequireAndVerifyClientCert")
        }
        self.init(
            place: section.place, certificate: certificate, key: key, clientCA: clientCA,
            clientAuthentication: authentication, allowedNames: try Self.allowedNames(section, authentication),
            parameters: try TLSParameters(section))
    }

    private static func allowedNames(
        _ section: ConfigurationMapping, _ authentication: ClientAuthentication
    ) throws(ConfigurationFileError) -> Set<String>? {
        guard let names = try section.list("client_allowed_sans") else { return nil }
        // A client that may come without a certificate has no name to go by.
        guard authentication.isRequired else {
            throw section.place(of: "client_allowed_sans").failure(
                "requires client_auth_type to be one of RequireAnyClientCert or RequireAndVerifyClientCert")
        }
        for (name, place) in names where name.isEmpty { throw place.failure("must not be empty") }
        return Set(names.map(\.text))
    }

    private static func authentication(
        _ section: ConfigurationMapping
    ) throws(ConfigurationFileError) -> ClientAuthentication {
        // The name that the toolkit had for it first, and still takes.
        if try section.string("client_auth_type") == "RequireClientCert" { return .requireAny }
        return try section.choice("client_auth_type") ?? .none
    }
}
