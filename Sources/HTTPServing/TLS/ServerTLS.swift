public import ConfigurationFiles
import Synchronization

/// The certificates that servers present and demand. New connections use the latest ones; a connection keeps those with
/// which it began.
///
/// Reading and using are separate calls: `reread` changes nothing, and `adopt` reads nothing. So the one owner that
/// calls them in turn decides which certificates come last, however long a read takes.
public final class ServerTLS: Sendable {
    private struct State {
        let configuration: TLSConfiguration
        let credentials: TLSCredentials
    }

    private let state: Mutex<State>

    /// Reads the certificates.
    ///
    /// - Throws: `ConfigurationFileError` with the file that cannot be used.
    init(_ configuration: TLSConfiguration) throws(ConfigurationFileError) {
        state = Mutex(State(configuration: configuration, credentials: try TLSCredentials(configuration)))
    }

    /// Reads the certificates again that the configuration in use names. Nothing changes for the servers.
    ///
    /// - Throws: `ConfigurationFileError` with the file that cannot be used.
    public func reread() throws(ConfigurationFileError) -> ServerTLS {
        try ServerTLS(state.withLock { $0.configuration })
    }

    /// Uses the configuration and the certificates of another one for new connections.
    public func adopt(_ other: ServerTLS) {
        let adopted = other.state.withLock { $0 }
        state.withLock { $0 = adopted }
    }

    /// The files that the configuration in use names.
    public var files: [String] { state.withLock { $0.configuration.files.map(\.path) } }

    /// Whether only clients with a certificate that a trusted CA has signed are served.
    public var requiresVerifiedClients: Bool {
        state.withLock { $0.configuration.clientAuthentication == .requireAndVerify }
    }

    /// When the served certificate expires, or the first of its chain, in seconds since 1970.
    public var notAfter: Double { credentials.notAfter }

    var credentials: TLSCredentials { state.withLock { $0.credentials } }
}
