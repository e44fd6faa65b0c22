public import ConfigurationFiles
import Synchronization

/// A web configuration file by which servers go, read again when it changes.
public final class ReloadingWebConfiguration: Sendable {
    /// What a look at the file came to.
    public enum Refresh: Sendable, Hashable {
        /// There is nothing new to say.
        case unchanged
        /// It was read, and is in force from now on.
        case reloaded
        /// It cannot be used: what was read before stays in force, and it is tried again at each look.
        case failed(ConfigurationFileError)
    }

    private struct State {
        /// The version that was read last, whatever came of that.
        var read: FileVersion?
        /// The version at the last look.
        var seen: FileVersion?
        var problem: ConfigurationFileError?
    }

    /// The certificates in use; `nil` without TLS.
    public let tls: ServerTLS?
    /// What is asked of every request.
    public let policy: WebPolicy

    private let file: String
    private let state: Mutex<State>

    /// - Parameters:
    ///   - configuration: What was read of the file.
    ///   - file: Its path.
    public init(_ configuration: WebConfiguration, file: String) {
        tls = configuration.tls
        policy = configuration.policy
        self.file = file
        state = Mutex(State(read: configuration.version, seen: configuration.version))
    }

    /// Whether what is in the file is in force, as far as is known.
    public var isCurrent: Bool { state.withLock { $0.problem == nil } }

    /// Looks whether the file changed, and reads it again if so. Cheap where it did not; to be called now and then, by
    /// one caller.
    ///
    /// A file that changed is read at the first look that finds it as the one before did: caught in the middle of being
    /// written it may lack its users, and would let everybody in. After a failure it is read at each such look, for it
    /// may be a file that it names which was not there yet; the same failure is told once.
    public func refresh() -> Refresh {
        let version = FileVersion(path: file)
        let (isDue, problem) = state.withLock { state in
            defer { state.seen = version }
            let isWanted = version != state.read || state.problem != nil
            return (isWanted && version == state.seen, state.problem)
        }
        guard isDue else { return .unchanged }
        switch reload() {
        case .failed(let error) where error == problem: return .unchanged
        case let refresh: return refresh
        }
    }

    /// Reads the file in any case, and all that it names.
    public func reload() -> Refresh {
        let version = FileVersion(path: file)
        do throws(ConfigurationFileError) {
            let new = try WebConfiguration(file: file)
            guard (tls == nil) == (new.tls == nil) else {
                throw ConfigurationFileError(
                    file: file, reason: "TLS cannot be switched on or off without a restart")
            }
            if let tls, let newTLS = new.tls { tls.adopt(newTLS) }
            policy.adopt(new.policy)
            note(nil, new.version)
            return .reloaded
        } catch {
            note(error, version)
            return .failed(error)
        }
    }

    private func note(_ problem: ConfigurationFileError?, _ version: FileVersion?) {
        state.withLock { state in
            state.problem = problem
            state.read = version
        }
    }
}
