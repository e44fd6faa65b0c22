/// A program that failed.
public struct ProgramFailure: Error, CustomStringConvertible {
    /// The failure, and the last lines of the logs.
    public let description: String

    init(_ what: String, logsOf programs: [RunningProgram]) {
        let logs = programs.map { program in
            "\n-- \(program.name)\(program.exit.map { " (\($0))" } ?? ""), its log ends with:\n\(program.logTail())"
        }
        description = what + logs.joined()
    }
}
