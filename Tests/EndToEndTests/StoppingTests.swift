import Foundation
import Glibc
import LocalStack
import RawHTTP
import TestSupport
import Testing

@Suite("The exporter, asked to stop,")
struct StoppingTests {
    private static func lines(_ count: Int) -> String {
        (0..<count).map { _ in AuditLine(from: ["192.0.2.1"]).text }.joined()
    }

    @Test(
        "finishes its pending work, exits with 0, and later continues from there", .timeLimit(.minutes(1)),
        arguments: [SIGTERM, SIGINT])
    func inOrder(signal: Int32) async throws {
        try await withTemporaryDirectory { directory in
            let log = try GrowingLog(directory.appending(path: "audit.log"))
            try log.append(Self.lines(500))
            let first = try await ExporterProgram.start(in: directory)
            let start = ContinuousClock.now
            first.program.send(signal: signal)
            #expect(await first.program.untilExit() == .status(0), "\(first.program.logText)")
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(first.program.logText.contains("msg=Stopped"))

            try log.append(Self.lines(7))
            let second = try await ExporterProgram.start(in: directory)
            try await eventually("all of it, once") {
                try await second.counts()
            } is: {
                $0 == ["192.0.2.1 verified": 507]
            }
            await second.program.stop()
        }
    }

    @Test("a second time exits at once", .timeLimit(.minutes(1)))
    func twice() async throws {
        // On a busy machine, stopping may be complete before the second signal; here it takes a second.
        var exits: [ProgramExit] = []
        while exits.last != .signal(SIGTERM), exits.count < 5 { exits.append(try await Self.toldTwice()) }
        #expect(exits.last == .signal(SIGTERM), "\(exits)")
        #expect(exits.dropLast().allSatisfy { $0 == .status(0) }, "\(exits)")
    }

    private static func toldTwice() async throws -> ProgramExit {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(in: directory)
            // A request without its body occupies the server for a second.
            let connection = try RawConnection(to: exporter.address)
            try connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
            try await eventually("the request") { try await exporter.values("process_open_fds").first != nil }
            exporter.program.send(signal: SIGTERM)
            try await eventually("it to stop") { exporter.program.logText.contains("msg=Stopping") }
            exporter.program.send(signal: SIGTERM)
            return await exporter.program.untilExit()
        }
    }

    @Test("right after requests for a reload, exits with 0 soon", .timeLimit(.minutes(1)))
    func afterReloads() async throws {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            try Data("filters: []".utf8).write(to: directory.appending(path: "filter.yml"))
            let exporter = try await ExporterProgram.start(in: directory, ["--filter.file", "filter.yml"])
            for _ in 0..<20 { exporter.program.send(signal: SIGHUP) }
            let start = ContinuousClock.now
            exporter.program.send(signal: SIGTERM)
            #expect(await exporter.program.untilExit() == .status(0), "\(exporter.program.logText)")
            #expect(ContinuousClock.now - start < .seconds(4))
        }
    }

    @Test("as soon as it listens, exits with 0", .timeLimit(.minutes(1)), arguments: [SIGTERM, SIGINT])
    func atStart(signal: Int32) async throws {
        // The moment between the message and the handler was short.
        for _ in 0..<5 {
            try await withTemporaryDirectory { directory in
                _ = try GrowingLog(directory.appending(path: "audit.log"))
                let running = try await RunningProgram(
                    Program.exporter.locate(), ["--audit.log", "audit.log", "--web.listen-address", "127.0.0.1:0"],
                    name: "exporter", in: directory)
                let deadline = ContinuousClock.now + .seconds(20)
                while running.exit == nil, !running.logText.contains("msg=Listening"), .now < deadline {
                    try await Task.sleep(for: .milliseconds(1))
                }
                running.send(signal: signal)
                #expect(await running.untilExit() == .status(0), "\(running.logText)")
                #expect(running.logText.contains("msg=Stopped"), "\(running.logText)")
            }
        }
    }

    /// Before its first instructions the signal ends it, as it ends any program.
    @Test("to reload again and again while it starts, starts", .timeLimit(.minutes(1)))
    func reloadAtStart() async throws {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            let running = try await RunningProgram(
                Program.exporter.locate(), ["--audit.log", "audit.log", "--web.listen-address", "127.0.0.1:0"],
                name: "exporter", in: directory)
            try await eventually("it to ignore SIGHUP or to handle it") {
                running.exit != nil || Self.survives(SIGHUP, running)
            }
            try await eventually("it to listen") {
                running.send(signal: SIGHUP)
                return running.logText.contains("msg=Listening") || running.exit != nil
            }
            try await eventually("it to handle SIGTERM") { running.exit != nil || Self.survives(SIGTERM, running) }
            #expect(running.exit == nil, "\(running.logText)")
            await running.stop()
            #expect(running.exit == .status(0), "\(running.logText)")
        }
    }

    /// By Linux's masks of ignored and caught signals.
    private static func survives(_ signal: Int32, _ program: RunningProgram) -> Bool {
        guard let process = program.processID else { return false }
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        return status.split(separator: "\n").contains { line in
            let mask = line.hasPrefix("SigIgn:") || line.hasPrefix("SigCgt:") ? line.split(separator: "\t").last : nil
            return (mask.flatMap { UInt64($0, radix: 16) } ?? 0) & (1 << UInt64(signal - 1)) != 0
        }
    }

    @Test("is the only one with its directory: another one reports that and exits", .timeLimit(.minutes(1)))
    func twoOnOneDirectory() async throws {
        try await withTemporaryDirectory { directory in
            _ = try GrowingLog(directory.appending(path: "audit.log"))
            let exporter = try await ExporterProgram.start(in: directory)
            let state = directory.appending(path: "data").path
            let other = try await Program.exporter.run([
                "--audit.log", "x", "--web.listen-address", "127.0.0.1:0", "--storage.path", state,
            ])
            #expect(other.exit == .status(1))
            #expect(other.output.contains("\(state): another exporter (process "))
            #expect(exporter.program.exit == nil)
            await exporter.program.stop()
        }
    }
}
