/// Why a web configuration file, or a file that it names, cannot be used.
public struct WebConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The web configuration file.
    public let file: String
    /// The line in it, from 1; `nil` where it is about the whole file.
    public let line: Int?
    /// The key with those above it, such as `tls_server_config.cert_file`; `nil` where it is about none.
    public let key: String?
    /// What is wrong, and what to do about it.
    public let reason: String

    /// File, line, key and reason.
    public var description: String {
        file + (line.map { ":\($0)" } ?? "") + ": " + (key.map { "\($0): " } ?? "") + reason
    }
}
