/// How to speak TLS, as it stands in `tls_server_config` of a web configuration file.
struct TLSConfiguration: Sendable, Hashable {
    /// The server's certificate, and those between it and its root.
    var certificate: ConfiguredFile
    var key: ConfiguredFile
    /// Whose signature a client's certificate must bear.
    var clientCA: ConfiguredFile?
    var clientAuthentication: ClientAuthentication
    var minimumVersion: TLSVersion

    var files: [ConfiguredFile] { [certificate, key] + (clientCA.map { [$0] } ?? []) }
}
