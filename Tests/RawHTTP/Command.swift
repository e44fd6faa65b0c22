public import Foundation

/// A program that is run until it exits.
public struct Command {
    /// Its result.
    public struct Outcome: Sendable, CustomStringConvertible {
        /// The exit status.
        public let status: Int32
        /// Its standard output and standard error.
        public let output: String

        /// Both.
        public var description: String { "exit \(status): \(output)" }
    }

    /// Runs a program, and awaits its exit without blocking a thread.
    ///
    /// - Parameters:
    ///   - arguments: The program's name and its arguments.
    ///   - directory: Its working directory.
    public static func run(_ arguments: [String], in directory: URL) async throws -> Outcome {
        let log = directory.appending(path: "output-\(UUID().uuidString)")
        try Data().write(to: log)
        defer { try? FileManager.default.removeItem(at: log) }
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try process.run()
            } catch {
                continuation.resume(throwing: error)
            }
        }
        try output.close()
        return Outcome(
            status: process.terminationStatus, output: try String(contentsOf: log, encoding: .utf8))
    }
}
