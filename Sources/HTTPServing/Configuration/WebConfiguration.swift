import Yams

/// A web configuration file in the form of the Prometheus exporter-toolkit, read and found good, with all files that
/// it names.
///
/// ```yaml
/// tls_server_config:
///   cert_file: server.crt     # relative to the configuration file
///   key_file: server.key
///   client_ca_file: ca.crt
///   client_auth_type: RequireAndVerifyClientCert
///   min_version: TLS12
/// ```
/// Source: exporter-toolkit, docs/web-configuration.md. What of it is not supported yet is refused: nobody shall
/// believe to be protected by what is not looked at.
public struct WebConfiguration: Sendable {
    private static let sizeLimit = 1 << 20

    /// How to speak TLS; `nil` where the file does not ask for it.
    public let tls: ServerTLS?

    /// Reads a file.
    ///
    /// - Throws: `WebConfigurationError`, which names file, line and key and says what to do.
    public init(file: String) throws(WebConfigurationError) {
        let place = ConfigurationPlace(file: file)
        switch ReadableFile.read(file, limit: Self.sizeLimit) {
        case .failure(let failure): throw place.failure(failure.reason)
        case .success(let bytes): try self.init(bytes, place)
        }
    }

    /// Reads what would be in a file.
    ///
    /// - Parameter file: Its path, for messages and as what other paths are relative to.
    package init(content bytes: [UInt8], file: String) throws(WebConfigurationError) {
        try self.init(bytes, ConfigurationPlace(file: file))
    }

    private init(_ bytes: [UInt8], _ place: ConfigurationPlace) throws(WebConfigurationError) {
        guard let document = try ConfigurationMapping(document: bytes, at: place) else {
            tls = nil
            return
        }
        try document.allow(
            ["tls_server_config"], notYet: ["basic_auth_users", "http_server_config", "rate_limit"])
        tls = try document.mapping("tls_server_config").map(TLSConfiguration.init).map(ServerTLS.init)
    }
}
