/// How a program ended.
public enum ProgramExit: Sendable, Hashable, CustomStringConvertible {
    /// It exited with this status.
    case status(Int32)
    /// This signal ended it.
    case signal(Int32)

    /// For people.
    public var description: String {
        switch self {
        case .status(let status): "exited with status \(status)"
        case .signal(let signal): "was ended by signal \(signal)"
        }
    }
}
