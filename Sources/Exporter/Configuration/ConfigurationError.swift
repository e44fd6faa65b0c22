import HTTPServing
import StateStore

/// A flag that cannot be used as it was given.
///
/// ```
/// --storage.path /srv/state: parent directory does not exist; create it, or give another directory
/// ```
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The flag, with its dashes.
    public let flag: String
    /// The value of the flag, if it is needed to understand the reason; `nil` if the reason quotes it.
    public let value: String?
    /// The defect and its correction.
    public let reason: String
    /// The exit status of the command.
    public let status: FailureStatus

    /// An error about a flag itself, unless another status is given.
    init(flag: String, value: String? = nil, reason: String, status: FailureStatus = .usage) {
        self.flag = flag
        self.value = value
        self.reason = reason
        self.status = status
    }

    /// The flag, its value and the reason.
    public var description: String { "\(flag)\(value.map { " \($0)" } ?? ""): \(reason)" }
}

extension ConfigurationError {
    /// An error about the directory of the state or a file in it.
    init(_ error: StateStoreError, storagePath: String) {
        let prefix = storagePath.hasSuffix("/") ? storagePath : storagePath + "/"
        let file = error.path.hasPrefix(prefix) ? error.path.dropFirst(prefix.count).drop { $0 == "/" } : ""
        self.init(
            flag: "--storage.path", value: storagePath,
            reason: file.isEmpty ? error.reason : "\(file): \(error.reason)", status: .failed)
    }

    /// Starts a server, and names the flag of its address if that fails.
    static func naming<Server>(
        _ flag: String, _ start: () throws(HTTPServerError) -> Server
    ) throws(ConfigurationError) -> Server {
        do throws(HTTPServerError) {
            return try start()
        } catch {
            // Configuration has compared the addresses of this exporter.
            let reason = error.isInUse ? "\(error.reason) by another process" : error.reason
            throw ConfigurationError(flag: flag, value: "\(error.address)", reason: reason, status: .failed)
        }
    }
}
