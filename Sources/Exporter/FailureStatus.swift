import StateStore

/// The exit status of a command that fails, by what can be done about it. The names of 64 and 78 in `sysexits.h` are
/// `EX_USAGE` and `EX_CONFIG`. The service of the packages is started again after 1 only.
public enum FailureStatus: Int32, Sendable {
    /// Another try can succeed, such as with an address that was in use or a disk that was full.
    case failed = 1
    /// A flag or an argument, or a combination of them, cannot be used.
    case usage = 64
    /// A file that a flag names cannot be used.
    case configuration = 78

    /// The status for an error of a command.
    public init(of error: any Error) {
        switch error {
        case let error as ConfigurationError: self = error.status
        case let error as StateStoreError where error.kind == .exists: self = .usage
        default: self = .failed
        }
    }
}
