public import ConfigurationFiles
import Synchronization

/// The certificates that servers show and ask for. New connections get those that were read last; a connection keeps
/// those that it began with.
public final class ServerTLS: Sendable {
    /// What a look at the files came to.
    public enum Reload: Sendable, Hashable {
        /// They are those in use, or those that failed before.
        case unchanged
        /// They changed, and are in use from now on.
        case reloaded
        /// They changed and cannot be used: those before stay in use, and the files are tried again when one changes.
        case failed(ConfigurationFileError)
    }

    private struct State {
        var configuration: TLSConfiguration
        var credentials: TLSCredentials
        var versions: [FileVersion?]
    }

    private let state: Mutex<State>

    /// - Throws: `ConfigurationFileError`, which names the file that cannot be used.
    init(_ configuration: TLSConfiguration) throws(ConfigurationFileError) {
        state = Mutex(try Self.read(configuration))
    }

    private static func read(_ configuration: TLSConfiguration) throws(ConfigurationFileError) -> State {
        // Looked at before they are read: what changes in between is read again.
        let versions = versions(of: configuration)
        return State(
            configuration: configuration, credentials: try TLSCredentials(configuration), versions: versions)
    }

    /// Goes on as another one was configured, which was read just now: new connections get its certificates.
    public func adopt(_ other: ServerTLS) {
        let adopted = other.state.withLock { $0 }
        state.withLock { $0 = adopted }
    }

    /// Looks whether a certificate or a key changed, and reads all of them again if so. Cheap where none did; to be
    /// called now and then, by one caller.
    public func reload() -> Reload {
        let (configuration, before) = state.withLock { ($0.configuration, $0.versions) }
        let versions = Self.versions(of: configuration)
        guard versions != before else { return .unchanged }
        do throws(ConfigurationFileError) {
            let new = try Self.read(configuration)
            state.withLock { $0 = new }
            return .reloaded
        } catch {
            state.withLock { $0.versions = versions }
            return .failed(error)
        }
    }

    /// When the certificate that is shown ends, or the first of those between it and its root; in seconds since 1970.
    public var notAfter: Double { credentials.notAfter }

    var credentials: TLSCredentials { state.withLock { $0.credentials } }

    private static func versions(of configuration: TLSConfiguration) -> [FileVersion?] {
        configuration.files.map { FileVersion(path: $0.path) }
    }
}
