public import Foundation
import Glibc

/// A program that was started and that is stopped by its own process ID.
///
/// util-linux's `setpriv` starts it, so that the kernel kills it when this process is killed. It has its own process
/// group: Ctrl-C reaches only this process, which then stops the program cleanly.
public final class RunningProgram: Sendable {
    /// Its name in messages.
    public let name: String
    /// Its standard output and standard error.
    public let log: URL
    private let child: ChildProcess

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - executable: The program.
    ///   - arguments: Without the program's name.
    ///   - name: Its name in messages, and of its log.
    ///   - directory: Its working directory, and the directory of its log `NAME.log`.
    ///   - input: Its standard input; empty by default.
    /// - Throws: `ProgramFailure` if it does not start.
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

    // A program without owner must not keep running.
    deinit { child.send(SIGKILL) }

    /// Its process ID; `nil` after it exited.
    public var processID: Int? { child.processID.map(Int.init) }

    /// Its exit; `nil` while it runs.
    public var exit: ProgramExit? { child.exit }

    /// Sends a signal; does nothing after it exited.
    public func send(signal: Int32) { child.send(signal) }

    /// Waits until it exits.
    public func untilExit() async -> ProgramExit { await child.untilExit() }

    /// Asks it to stop, and kills it if it does not exit within `patience`. It has exited when this returns.
    public func stop(within patience: Duration = .seconds(5)) async {
        child.send(SIGTERM)
        // Not a child task: the caller is often cancelled itself, and the program must still get its time to stop.
        let impatience = Task { [child] in
            try await Task.sleep(for: patience)
            child.send(SIGKILL)
        }
        _ = await child.untilExit()
        impatience.cancel()
    }

    /// Its whole output.
    public var logText: String {
        (try? Data(contentsOf: log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The last lines of its output.
    public func logTail(_ lines: Int = 15) -> String {
        logText.split(separator: "\n").suffix(lines).joined(separator: "\n")
    }
}
