import Foundation
import Glibc
import LocalStack
import TestSupport

/// The exporter, which is started repeatedly on the same state.
struct ExporterLives {
    let executable: URL
    let directory: URL
    /// Of the next start.
    var arguments: [String]

    private(set) var kills = 0
    private(set) var stops = 0
    private(set) var shortages = 0
    private(set) var started = ContinuousClock.now
    private var lives = 0
    private var program: RunningProgram?

    init(_ executable: URL, _ arguments: [String], in directory: URL) {
        self.executable = executable
        self.arguments = arguments
        self.directory = directory
    }

    /// Starts it.
    mutating func start() async throws {
        lives += 1
        started = .now
        // A write past the file size limit must be an error, as on a full disk, not a signal.
        let command = ["-c", #"trap "" XFSZ; exec "$0" "$@""#, executable.path] + arguments
        program = try await RunningProgram(
            URL(filePath: "/bin/sh"), command, name: "exporter-\(lives)", in: directory)
    }

    /// Limits the size of files that it writes, as if the disk were full; no limit with `nil`.
    mutating func limitFiles(to size: Int?) async throws {
        guard let pid = program?.processID else { return }
        if size != nil { shortages += 1 }
        let limit = try await RunningProgram(
            URL(filePath: "/usr/bin/env"),
            ["prlimit", "--pid=\(pid)", "--fsize=\(size.map(String.init) ?? "unlimited"):"],
            name: "prlimit", in: directory)
        guard await limit.untilExit() == .status(0) else { throw TortureFailure("prlimit: \(limit.logTail())") }
    }

    /// Kills it, as a crash would.
    mutating func kill() async throws {
        try check()
        program?.send(signal: SIGKILL)
        _ = await program?.untilExit()
        program = nil
        kills += 1
    }

    /// Stops it cleanly, for which it has 5 seconds.
    mutating func stop() async throws {
        try check()
        guard let program else { return }
        program.send(signal: SIGTERM)
        try await eventually("the exporter to stop at SIGTERM", within: .seconds(5)) { program.exit != nil }
        guard program.exit == .status(0) else { throw failure("after SIGTERM it", program) }
        self.program = nil
        stops += 1
    }

    /// Makes sure that it has exited.
    mutating func abandon() async {
        program?.send(signal: SIGKILL)
        _ = await program?.untilExit()
        program = nil
    }

    /// Its process ID while it runs.
    var processID: Int? { program?.processID }

    /// Whether SIGTERM has another effect than to end it at once, by Linux's masks of caught and ignored signals. That of
    /// blocked ones says nothing: a thread that makes another one blocks all signals for a moment.
    var handlesTermination: Bool {
        guard let processID, let status = try? String(contentsOfFile: "/proc/\(processID)/status", encoding: .utf8)
        else { return false }
        let masks = status.split(separator: "\n").filter { line in
            ["SigCgt:", "SigIgn:"].contains { line.hasPrefix($0) }
        }
        return masks.contains { line in
            let mask = UInt64(line.split(separator: "\t").last ?? "", radix: 16) ?? 0
            return mask & (1 << UInt64(SIGTERM - 1)) != 0
        }
    }

    /// Sends it a signal that does not end it.
    func send(_ signal: Int32) { program?.send(signal: signal) }

    /// Number of lost logs that its runs reported; the metric of a run ends with it.
    func reportedLosses() -> Int { messages(containing: Torture.lossMessage).count }

    /// The lines of its log, of all runs, that contain a text.
    func messages(containing text: String) -> [String] { output().filter { $0.contains(text) } }

    /// Lines that are not of its log: of a crash, or of a sanitizer.
    func oddOutput() -> [String] { output().filter { !$0.hasPrefix("ts=") } }

    /// Without the last line of a run if a kill cut it.
    private func output() -> [String] {
        (1...max(1, lives)).flatMap { life in
            let log = directory.appending(path: "exporter-\(life).log")
            let text = (try? Data(contentsOf: log)).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }
    }

    /// It must not exit by itself.
    func check() throws {
        guard let program, program.exit != nil else { return }
        throw failure("it was not asked to stop, but it", program)
    }

    private func failure(_ what: String, _ program: RunningProgram) -> TortureFailure {
        TortureFailure(
            "run \(lives) of the exporter: \(what) \(program.exit.map { "\($0)" } ?? "runs"); its log ends with:\n"
                + program.logTail())
    }
}
