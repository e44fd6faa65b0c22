public import ConfigurationFiles

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
/// basic_auth_users:
///   prometheus: $2y$10$...    # htpasswd -nBC 10 prometheus
/// http_server_config:
///   headers:
///     Strict-Transport-Security: max-age=31536000
/// rate_limit:
///   interval: 100ms           # one request each, once
///   burst: 50                 # so many came at once
/// ```
/// Source: exporter-toolkit, docs/web-configuration.md. What is not known is refused: nobody shall believe to be
/// protected by what is not looked at.
public struct WebConfiguration: Sendable {
    private static let sizeLimit = 1 << 20

    /// How to speak TLS; `nil` where the file does not ask for it.
    public let tls: ServerTLS?
    /// What is asked of every request beside; nothing where the file does not say.
    public let policy: WebPolicy
    /// What stands in the file and has no effect, for people; each with its file, line and key.
    public let notices: [String]
    /// What was read; `nil` where it was no file.
    let version: FileVersion?

    /// Reads a file.
    ///
    /// - Throws: `ConfigurationFileError`, which names file, line and key and says what to do.
    public init(file: String) throws(ConfigurationFileError) {
        // Looked at before it is read: what changes in between is read again.
        let version = FileVersion(path: file)
        try self.init(try ConfigurationFile.read(file, limit: Self.sizeLimit), file, version)
    }

    /// Reads what would be in a file.
    ///
    /// - Parameter file: Its path, for messages and as what other paths are relative to.
    package init(content bytes: [UInt8], file: String) throws(ConfigurationFileError) {
        try self.init(bytes, file, nil)
    }

    private init(
        _ bytes: [UInt8], _ file: String, _ version: FileVersion?
    ) throws(ConfigurationFileError) {
        self.version = version
        guard let document = try ConfigurationMapping(document: bytes, file: file) else {
            tls = nil
            policy = WebPolicy()
            notices = []
            return
        }
        try document.allow(["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"])
        tls = try document.mapping("tls_server_config").map(TLSConfiguration.init).map(ServerTLS.init)
        let http = try document.mapping("http_server_config")
        try http?.allow(["http2", "headers"])
        policy = WebPolicy(
            WebRules(
                users: try document.mapping("basic_auth_users").flatMap(BasicAuthUsers.init),
                headers: try http?.mapping("headers").map(ResponseHeader.headers) ?? [:],
                rateLimit: try document.mapping("rate_limit").flatMap(RateLimit.init)))
        // What is written for another exporter may be used here; only nobody shall wait for what does not come.
        notices =
            if let http, try http.bool("http2") == true {
                ["\(http.place(of: "http2").failure("has no effect; this server speaks HTTP/1.1"))"]
            } else {
                []
            }
    }
}
