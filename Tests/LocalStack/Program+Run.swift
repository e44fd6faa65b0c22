public import Foundation
import TestSupport

extension Program {
    /// Runs it until it exits.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - input: Its standard input; empty by default.
    /// - Returns: Its exit status or signal, and its standard output and standard error.
    public func run(_ arguments: [String], input: Data? = nil) async throws -> (exit: ProgramExit, output: String) {
        let executable = try locate()
        return try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "input")
            try input?.write(to: file)
            let running = try await RunningProgram(
                executable, arguments, name: rawValue, in: directory, input: input.map { _ in file })
            let exit = await running.untilExit()
            return (exit, running.logText)
        }
    }
}
