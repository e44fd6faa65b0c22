public import Foundation
import Glibc

/// A program that was started and is stopped by its own process ID.
///
/// It is started by util-linux's `setpriv`, so that the kernel ends it when this process is killed. It has a process
/// group of its own: Ctrl-C reaches who started it, which then stops it in order.
public final class RunningProgram: Sendable {
    /// What it is called in messages.
    public let name: String
    /// What it writes to its standard output and standard error.
    public let log: URL
    private let child: ChildProcess

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - executable: The program.
    ///   - arguments: Without the program's name.
    ///   - name: What it is called in messages and its log.
    ///   - directory: Where it works, and where its log `NAME.log` is kept.
    ///   - input: What it reads as its standard input; nothing unless given.
    /// - Throws: `ProgramFailure` where it does not start.
    public init(
        _ executable: URL, _ arguments: [String], name: String, in directory: URL, input: URL? = nil
    ) async throws {
        self.name = name
        log = directory.appending(path: "\(name).log")
        let wrapping = ["/usr/bin/env", "-C", directory.path, "setpriv", "--pdeathsig", "KILL", "--"]
        let spawning = Spawning(
            command: wrapping + [executable.path] + arguments, input: input?.path ?? "/dev/null", output: log.path)
        do {
            child = try await ChildProcess.start(spawning)
        } catch {
            throw ProgramFailure("\(name) does not start: \(error)", logsOf: [])
        }
    }

    // What is forgotten must not live on.
    deinit { child.send(SIGKILL) }

    /// Its process ID; `nil` once it has ended.
    public var processID: Int? { child.processID.map(Int.init) }

    /// How it ended; `nil` while it runs.
    public var exit: ProgramExit? { child.exit }

    /// Sends it a signal; nothing happens once it has ended.
    public func send(signal: Int32) { child.send(signal) }

    /// Waits until it has ended.
    public func untilExit() async -> ProgramExit { await child.untilExit() }

    /// Asks it to end, and ends it when it does not within `patience`. It is gone when this returns.
    public func stop(within patience: Duration = .seconds(5)) async {
        child.send(SIGTERM)
        // Not a child task: what stops programs is often cancelled itself, and must not be in a hurry for that.
        let impatience = Task { [child] in
            try await Task.sleep(for: patience)
            child.send(SIGKILL)
        }
        _ = await child.untilExit()
        impatience.cancel()
    }

    /// All it has written.
    public var logText: String {
        (try? Data(contentsOf: log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The last lines it has written.
    public func logTail(_ lines: Int = 15) -> String {
        logText.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}
