import ConfigurationFiles

/// How to speak TLS, as it stands in `tls_server_config` of a web configuration file.
struct TLSConfiguration: Sendable, Hashable {
    /// The section of the file.
    var place: ConfigurationPlace
    /// The server's certificate, and those between it and its root.
    var certificate: PEMSource
    var key: PEMSource
    /// Whose signature a client's certificate must bear.
    var clientCA: PEMSource?
    var clientAuthentication: ClientAuthentication
    /// One of the names that a client's certificate must bear; any will do where it is `nil`.
    var allowedNames: Set<String>?
    var parameters: TLSParameters

    /// All that are read again when they change.
    var files: [ConfiguredFile] { [certificate, key, clientCA].compactMap { $0?.file } }
}
