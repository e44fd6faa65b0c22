/// A place in a web configuration file.
struct ConfigurationPlace: Sendable, Hashable {
    let file: String
    var line: Int?
    var key: String?

    /// What is wrong there.
    func failure(_ reason: String) -> WebConfigurationError {
        WebConfigurationError(file: file, line: line, key: key, reason: reason)
    }
}
