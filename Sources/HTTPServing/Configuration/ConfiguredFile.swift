/// A file that a web configuration file names.
struct ConfiguredFile: Sendable, Hashable {
    let path: String
    let place: ConfigurationPlace

    /// Why it cannot be used.
    func failure(_ reason: String) -> WebConfigurationError {
        place.failure("\(path): \(reason)")
    }
}
