import ConfigurationFiles

/// A header field that a web configuration file may set on every answer.
///
/// Source: exporter-toolkit, docs/web-configuration.md.
enum ResponseHeader: String, CaseIterable {
    case contentSecurityPolicy = "Content-Security-Policy"
    case contentTypeOptions = "X-Content-Type-Options"
    case frameOptions = "X-Frame-Options"
    case xssProtection = "X-XSS-Protection"
    case strictTransportSecurity = "Strict-Transport-Security"

    /// The values that it may have; `nil` where any will do.
    private var values: [String]? {
        switch self {
        case .contentTypeOptions: ["nosniff"]
        case .frameOptions: ["deny", "sameorigin"]
        case .contentSecurityPolicy, .xssProtection, .strictTransportSecurity: nil
        }
    }

    /// - Parameter section: `headers` of `http_server_config`.
    /// - Returns: Those that are set; a blank value sets none.
    /// - Throws: `ConfigurationFileError`, which says what may stand there.
    static func headers(_ section: ConfigurationMapping) throws(ConfigurationFileError) -> [String: String] {
        try section.allow(allCases.map(\.rawValue))
        var headers: [String: String] = [:]
        for (name, place, value) in try section.texts() where !value.isEmpty {
            if let values = ResponseHeader(rawValue: name)?.values, !values.contains(value) {
                throw place.failure("\"\(value)\" is not known; give \(values.joined(separator: " or "))")
            }
            guard value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw place.failure("must be one line of ASCII, for HTTP carries no more")
            }
            headers[name] = value
        }
        return headers
    }
}
