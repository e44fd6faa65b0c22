public import Foundation
import TestSupport

extension Program {
    /// Runs it to its end.
    ///
    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - input: What it reads as its standard input; nothing unless given.
    /// - Returns: How it ended, and what it wrote to its standard output and standard error.
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
