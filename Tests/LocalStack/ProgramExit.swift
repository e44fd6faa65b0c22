/// The exit status or signal of a program.
public enum ProgramExit: Sendable, Hashable, CustomStringConvertible {
    /// It exited with this status.
    case status(Int32)
    /// This signal ended it.
    case signal(Int32)

    /// For messages.
    public var description: String {
        switch self {
        case .status(let status): "exited with status \(status)"
        case .signal(let signal): "was killed by signal \(signal)"
        }
    }
}
