import Glibc

/// The reason why a configuration file, or a file that it names, cannot be used.
///
/// ```
/// web.yml:4: tls_server_config.cert_file: server.crt: no such file or directory
/// ```
public struct ConfigurationFileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The path of the configuration file.
    public let file: String
    /// The line, from 1; `nil` if the error concerns the whole file.
    public let line: Int?
    /// The key with its parents, such as `tls_server_config.cert_file`; `nil` if the error concerns no single key.
    public let key: String?
    /// The defect and its correction.
    public let reason: String

    /// An error about a whole file, unless a line and a key are given.
    public init(file: String, line: Int? = nil, key: String? = nil, reason: String) {
        self.file = file
        self.line = line
        self.key = key
        self.reason = reason
    }

    /// An error with the text of a system error number.
    ///
    /// - Parameter code: The value of `errno`.
    public init(file: String, systemError code: Int32) {
        // A buffer of our own, because strerror's is shared by all threads.
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text).lowercased()
        }
        self.init(file: file, reason: text)
    }

    /// File, line, key and reason.
    public var description: String {
        file + (line.map { ":\($0)" } ?? "") + ": " + (key.map { "\($0): " } ?? "") + reason
    }
}

/// A place in a configuration file, for error messages.
public struct ConfigurationPlace: Sendable, Hashable {
    /// The path of the file.
    public let file: String
    /// The line, from 1; `nil` for the whole file.
    public internal(set) var line: Int?
    /// The key with its parents; `nil` for the whole file.
    public var key: String?
    /// Stands between `key` and the keys below it.
    var separator = "."

    /// The whole of a file.
    public init(file: String) {
        self.file = file
    }

    /// An error at this place.
    public func failure(_ reason: String) -> ConfigurationFileError {
        ConfigurationFileError(file: file, line: line, key: key, reason: reason)
    }

    /// The place of a key in the mapping at this place.
    func child(_ name: String, line: Int?) -> ConfigurationPlace {
        var child = ConfigurationPlace(file: file)
        child.line = line
        child.key = key.map { $0 + separator + name } ?? name
        return child
    }
}

/// A file that a configuration file names.
public struct ConfiguredFile: Sendable, Hashable {
    /// The path of the file.
    public let path: String
    /// The place of the key that names it.
    public let place: ConfigurationPlace

    /// An error about this file.
    public func failure(_ reason: String) -> ConfigurationFileError {
        place.failure("\(path): \(reason)")
    }
}
