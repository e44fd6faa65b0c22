import ConfigurationFiles

/// Where certificates or a key stand: in a file, or in the web configuration file itself.
enum PEMSource: Sendable, Hashable {
    case file(ConfiguredFile)
    case text([UInt8], ConfigurationPlace)

    /// The file; `nil` where the text is in the configuration.
    var file: ConfiguredFile? {
        guard case .file(let file) = self else { return nil }
        return file
    }

    /// What to call it.
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

    /// Why it cannot be used.
    func failure(_ reason: String) -> ConfigurationFileError {
        switch self {
        case .file(let file): file.failure(reason)
        case .text(_, let place): place.failure(reason)
        }
    }
}
