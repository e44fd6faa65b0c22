public import ConfigurationFiles

/// A valid web configuration file in the format of the Prometheus exporter-toolkit, with all files that it names.
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
///   interval: 100ms           # one request per interval, after
///   burst: 50                 # this many at once
/// ```
/// Source: exporter-toolkit, docs/web-configuration.md. Unknown keys are errors: a misspelt one must not look like
/// protection.
public struct WebConfiguration: Sendable {
    private static let sizeLimit = 1 << 20

    /// The certificates; `nil` if the file does not configure TLS.
    public let tls: ServerTLS?
    /// The demands on every request, and the header fields of every response.
    public let policy: WebPolicy
    /// Settings without an effect, each with file, line and key.
    public let notices: [String]

    /// Reads a file and the files that it names.
    ///
    /// - Throws: `ConfigurationFileError` with file, line, key and the correction.
    public init(file: String) throws(ConfigurationFileError) {
        self = try Self.read(file).result.get()
    }

    /// Reads a file and the files that it names, and lists them all, also those of a configuration that cannot be used.
    public static func read(_ file: String) -> FileReading<WebConfiguration> {
        do throws(ConfigurationFileError) {
            let content = try ConfigurationFile.read(file, limit: sizeLimit)
            let parsed = try ParsedWebConfiguration(content, file: file)
            let files = [file] + (parsed.tls?.files.map(\.path) ?? [])
            return FileReading(
                Result { () throws(ConfigurationFileError) in try WebConfiguration(parsed) }, files: files)
        } catch {
            return FileReading(.failure(error), files: [file])
        }
    }

    /// Uses the content of a configuration file.
    ///
    /// - Parameter file: The path of the file, for errors and as the base of relative paths.
    package init(content bytes: [UInt8], file: String) throws(ConfigurationFileError) {
        try self.init(ParsedWebConfiguration(bytes, file: file))
    }

    private init(_ parsed: ParsedWebConfiguration) throws(ConfigurationFileError) {
        tls = try parsed.tls.map(ServerTLS.init)
        policy = WebPolicy(parsed.rules)
        var notices = parsed.notices
        if let tls, !tls.credentials.hasAuthorities, let place = parsed.tls?.place {
            let reason = "the system has no certificate authorities; no client certificate is accepted"
            notices.append("\(place.failure(reason))")
        }
        self.notices = notices
    }
}

/// The content of a web configuration file; the files that it names are not read yet.
private struct ParsedWebConfiguration {
    var tls: TLSConfiguration?
    var rules = WebRules()
    var notices: [String] = []

    init(_ bytes: [UInt8], file: String) throws(ConfigurationFileError) {
        guard let document = try ConfigurationMapping(document: bytes, file: file) else { return }
        try document.allow(["tls_server_config", "http_server_config", "basic_auth_users", "rate_limit"])
        tls = try document.mapping("tls_server_config").map(TLSConfiguration.init)
        let http = try document.mapping("http_server_config")
        try http?.allow(["http2", "headers"])
        rules = WebRules(
            users: try document.mapping("basic_auth_users").flatMap(BasicAuthUsers.init),
            headers: try http?.mapping("headers").map(ResponseHeader.headers) ?? [:],
            rateLimit: try document.mapping("rate_limit").flatMap(RateLimit.init))
        // A file that was written for another exporter can be used here; its owner is told not to expect HTTP/2.
        if let http, try http.bool("http2") == true {
            notices = ["\(http.place(of: "http2").failure("has no effect; this server speaks HTTP/1.1"))"]
        }
    }
}

/// A header field that a web configuration file may set on every response.
///
/// Source: exporter-toolkit, docs/web-configuration.md.
enum ResponseHeader: String, CaseIterable {
    case contentSecurityPolicy = "Content-Security-Policy"
    case contentTypeOptions = "X-Content-Type-Options"
    case frameOptions = "X-Frame-Options"
    case xssProtection = "X-XSS-Protection"
    case strictTransportSecurity = "Strict-Transport-Security"

    /// The allowed values; `nil` if any is allowed.
    private var values: [String]? {
        switch self {
        case .contentTypeOptions: ["nosniff"]
        case .frameOptions: ["deny", "sameorigin"]
        case .contentSecurityPolicy, .xssProtection, .strictTransportSecurity: nil
        }
    }

    /// - Parameter section: `headers` of `http_server_config`.
    /// - Returns: The header fields to set; a field with an empty value is not set.
    /// - Throws: `ConfigurationFileError` with the key and the allowed values.
    static func headers(_ section: ConfigurationMapping) throws(ConfigurationFileError) -> [String: String] {
        try section.allow(allCases.map(\.rawValue))
        var headers: [String: String] = [:]
        for (name, place, value) in try section.texts() where !value.isEmpty {
            if let values = ResponseHeader(rawValue: name)?.values, !values.contains(value) {
                throw place.failure("\"\(value)\" is not known; give \(values.joined(separator: " or "))")
            }
            guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw place.failure("must be one line of printable ASCII")
            }
            headers[name] = value
        }
        return headers
    }
}
