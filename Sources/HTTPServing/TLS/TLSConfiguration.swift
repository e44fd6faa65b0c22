import ConfigurationFiles

/// The section `tls_server_config` of a web configuration file.
struct TLSConfiguration: Sendable, Hashable {
    /// The section of the file.
    var place: ConfigurationPlace
    /// The server's certificate, and those between it and its root.
    var certificate: PEMSource
    var key: PEMSource
    /// The authorities that sign clients' certificates; the system's if it is `nil`.
    var clientCA: PEMSource?
    var clientAuthentication: ClientAuthentication
    /// The names of which a client's certificate must contain one; any if it is `nil`.
    var allowedNames: Set<String>?
    var parameters: TLSParameters

    /// All that are read again when they change.
    var files: [ConfiguredFile] { [certificate, key, clientCA].compactMap { $0?.file } }
}

extension TLSConfiguration {
    /// - Parameter section: `tls_server_config`.
    /// - Throws: `ConfigurationFileError` with the key and the correction.
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
            // A configured CA is meant to keep other clients out.
            throw clientCA.place.failure(
                "clients are not asked for a certificate; set client_auth_type, such as RequireAndVerifyClientCert")
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
        // A client without a certificate has no names.
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
        // The toolkit's former name, which it still accepts.
        if try section.string("client_auth_type") == "RequireClientCert" { return .requireAny }
        return try section.choice("client_auth_type") ?? .none
    }
}

/// The demands on a client's certificate, by their names in the web configuration file.
///
/// Source: `client_auth_type` of the exporter-toolkit, after Go's `tls.ClientAuthType`.
enum ClientAuthentication: String, Sendable, Hashable, CaseIterable {
    case none = "NoClientCert"
    /// One is requested; any is accepted.
    case request = "RequestClientCert"
    /// One is required; any is accepted.
    case requireAny = "RequireAnyClientCert"
    /// One is requested, and must be signed by a trusted authority.
    case verifyIfGiven = "VerifyClientCertIfGiven"
    /// One is required, and must be signed by a trusted authority.
    case requireAndVerify = "RequireAndVerifyClientCert"

    var isRequired: Bool { self == .requireAny || self == .requireAndVerify }
    var isVerified: Bool { self == .verifyIfGiven || self == .requireAndVerify }
}

/// The place of certificates or a key: a file, or the web configuration file itself.
enum PEMSource: Sendable, Hashable {
    case file(ConfiguredFile)
    case text([UInt8], ConfigurationPlace)

    /// The file; `nil` where the text is in the configuration.
    var file: ConfiguredFile? {
        guard case .file(let file) = self else { return nil }
        return file
    }

    /// The path or the key, for messages.
    var name: String {
        switch self {
        case .file(let file): file.path
        case .text(_, let place): place.key ?? place.file
        }
    }

    /// The key that names it.
    var place: ConfigurationPlace {
        switch self {
        case .file(let file): file.place
        case .text(_, let place): place
        }
    }

    /// An error about it.
    func failure(_ reason: String) -> ConfigurationFileError {
        switch self {
        case .file(let file): file.failure(reason)
        case .text(_, let place): place.failure(reason)
        }
    }
}

extension ConfigurationMapping {
    /// Certificates or a key: in the file that `KEY_file` names, or under `KEY` itself.
    func pem(_ key: String) throws(ConfigurationFileError) -> PEMSource? {
        switch (try file("\(key)_file"), try string(key)) {
        case (nil, nil): return nil
        case (let file?, nil): return .file(file)
        case (nil, let text?): return .text(Array(text.utf8), place(of: key))
        case (_?, _?): throw place(of: key).failure("cannot be combined with \(key)_file; remove one of them")
        }
    }

    /// All keys in the order of the file; their values must be texts.
    func texts() throws(ConfigurationFileError) -> [(key: String, place: ConfigurationPlace, text: String)] {
        var texts: [(key: String, place: ConfigurationPlace, text: String)] = []
        for key in keys { texts.append((key, place(of: key), try string(key) ?? "")) }
        return texts
    }
}
