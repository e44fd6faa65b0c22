import Compression
import Foundation
import Glibc
import LocalStack

extension Schedule.Step {
    /// Whether a person removes single lines.
    var isEdit: Bool {
        if case .edit = self { true } else { false }
    }
}

extension SchedulePlayer {
    private static let pause: Duration = .milliseconds(10)

    /// Does one step. A step whose file does not exist does nothing.
    mutating func play(_ step: Schedule.Step) async throws {
        switch step {
        case .write(let log, let count): try write(count, to: logs[log])
        case .writeInPieces(let log, let count, let pieces): try await write(count, to: logs[log], pieces: pieces)
        case .writeAgain(let log): try writeAgain(to: logs[log])
        case .tear(let log, let share): try tear(logs[log], share)
        case .addZeros(let log, let count):
            if logs[log].descriptor < 0 { try logs[log].reopen() }
            say("\(logs[log].path): write \(count) zeros")
            try logs[log].write([UInt8](repeating: 0, count: count)[...])
        case .reopen(let log): try reopen(logs[log])
        case .rename(let log, let times, let isReopened): try await rename(logs[log], times, isReopened)
        case .logrotate(let log, let options, let isReopened): try await logrotate(logs[log], options, isReopened)
        case .copyTruncate(let log, let pieces, let between): try await copyTruncate(logs[log], pieces, between)
        case .switchTarget(let log, let isReopened): try switchTarget(logs[log], isReopened)
        case .compress(let log, let choice, let format, let pieces):
            try await compress(logs[log], choice, format, pieces)
        case .remove(let log): try remove(logs[log].file)
        case .removeRotated(let log, let choice): try chosen(choice, of: logs[log]).map { try remove($0) }
        case .renameRotated(let log, let choice): try renameRotated(logs[log], choice)
        case .copy(let log, let choice, let name, let pieces): try await copy(logs[log], choice, name, pieces)
        case .edit(let log, let edit, let choice): try await self.edit(logs[log], edit, choice)
        case .appear(let log, let rotated): try appear(logs[log], rotated)
        case .start(let spelling): try await start(spelling: spelling)
        case .kill:
            say("kill -KILL exporter")
            isFrozen = false
            try await exporter.kill()
        case .stop: try await stop()
        case .freeze:
            say("kill -STOP exporter")
            isFrozen = true
            exporter.send(SIGSTOP)
        case .thaw:
            say("kill -CONT exporter")
            isFrozen = false
            exporter.send(SIGCONT)
        case .pause(let milliseconds):
            say("sleep 0.\(EventText.digits(milliseconds, 3))")
            try await Task.sleep(for: .milliseconds(milliseconds))
        case .catchUp: try await catchUp()
        }
    }

    // MARK: The writer

    private mutating func write(_ count: Int, to log: ScheduledLog) throws {
        let batch = try invent(count, for: log)
        say("\(log.path): write lines \(batch.numbers.first ?? 0)...\(batch.numbers.last ?? 0)\(state(of: log))")
        try log.write(batch.bytes[...])
    }

    private mutating func writeAgain(to log: ScheduledLog) throws {
        guard let first else { return try write(2, to: log) }
        if log.descriptor < 0 { try log.reopen() }
        say("\(log.path): write again lines \(first.numbers)\(state(of: log))")
        try log.write(first.bytes[...])
    }

    private func state(of log: ScheduledLog) -> String {
        log.isNameless ? " to the removed file" : log.isCurrent ? "" : " to the renamed file"
    }

    private mutating func write(_ count: Int, to log: ScheduledLog, pieces: Int) async throws {
        let batch = try invent(count, for: log)
        let bytes = batch.bytes
        say(
            "\(log.path): write lines \(batch.numbers.first ?? 0)...\(batch.numbers.last ?? 0) in \(pieces) pieces"
                + state(of: log))
        for piece in Self.pieces(bytes, pieces) {
            try log.write(piece)
            try await Task.sleep(for: Self.pause)
        }
    }

    private mutating func tear(_ log: ScheduledLog, _ share: Int) throws {
        if log.descriptor < 0 { try log.reopen() }
        let piece = lines.torn(share: share)
        tears += 1
        say("\(log.path): write \(piece.count) bytes of a line, and crash")
        try log.write(piece[...])
        try log.reopen()
    }

    private mutating func reopen(_ log: ScheduledLog) throws {
        say("\(log.path): open again")
        try log.reopen()
    }

    static func pieces(_ bytes: [UInt8], _ count: Int) -> [ArraySlice<UInt8>] {
        let size = bytes.count / count + 1
        return stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
    }

    // MARK: Rotators

    private mutating func rename(_ log: ScheduledLog, _ times: Int, _ isReopened: Bool) async throws {
        for time in 0..<times where access(log.file, F_OK) == 0 {
            if time > 0 { try write(1, to: log) }
            let target = "\(log.file.dropLast(4))-\(timeName()).log"
            say("mv \(log.file) \(target)")
            guard Glibc.rename(log.file, target) == 0 else { throw TortureFailure("\(log.file) cannot be renamed") }
            try observe()
            if isReopened || time + 1 < times { try reopen(log) }
        }
    }

    /// As kube-apiserver writes it; never the same twice.
    private mutating func timeName() -> String {
        tools += 1
        let now = EventText.now / 1000
        let (date, time) = EventText.dateAndTime(now / 1000)
        return "\(date)T\(time.joined(separator: "-")).\(EventText.digits(tools % 1000, 3))"
    }

    private mutating func logrotate(
        _ log: ScheduledLog, _ options: Schedule.LogrotateOptions, _ isReopened: Bool
    ) async throws {
        guard access(log.file, F_OK) == 0 else { return }
        if options.copies, let file = LogTree.FileID(path: log.file) { truth.noteTruncation(of: file) }
        let text = "\"\(log.file)\" { \(options.lines.joined(separator: "; ")) }"
        say("logrotate -f: \(text)")
        try await run(
            "/usr/sbin/logrotate", ["-f", "-s", "\(exporter.directory.path)/logrotate.state"],
            configuration: "\"\(log.file)\" {\n\(options.lines.joined(separator: "\n"))\n}\n")
        if !options.copies, isReopened { try reopen(log) }
    }

    private mutating func copyTruncate(_ log: ScheduledLog, _ pieces: Int, _ between: Int) async throws {
        guard let content = FileManager.default.contents(atPath: log.file), let file = LogTree.FileID(path: log.file)
        else { return }
        let copy =
            "\(log.file)-\(timeName().replacing("-", with: "").replacing("T", with: "-").replacing(".", with: ""))"
        say("cp \(log.file) \(copy) in \(pieces) pieces, truncate -s 0 \(log.file)")
        let target = try AppendedFile(creating: copy)
        for piece in Self.pieces([UInt8](content), pieces) {
            try target.append(piece)
            if pieces > 1 { try await Task.sleep(for: Self.pause) }
        }
        if between > 0, log.isCurrent { try write(between, to: log) }
        try observe()
        truth.noteTruncation(of: file)
        truncate(log.file, 0)
    }

    private mutating func switchTarget(_ log: ScheduledLog, _ isReopened: Bool) throws {
        let target = try log.switchTarget()
        say("ln -sfn \(target) \(log.path)")
        if isReopened { try reopen(log) }
    }

    private mutating func compress(
        _ log: ScheduledLog, _ choice: Int, _ format: Schedule.Format, _ pieces: Int
    ) async throws {
        guard let path = try plain(choice, of: log) else { return }
        guard pieces > 1, format == .gzip else {
            say("\(format == .gzip ? "gzip" : "zstd -q --rm") \(path)")
            return try await run(
                format == .gzip ? "/usr/bin/gzip" : "/usr/bin/zstd", (format == .gzip ? [] : ["-q", "--rm"]) + [path])
        }
        say("gzip \(path), written in \(pieces) pieces")
        let target = try AppendedFile(creating: path + ".gz")
        let packed = Gzip.compress([UInt8](try Data(contentsOf: URL(filePath: path))))
        for piece in Self.pieces(packed, pieces) {
            try target.append(piece)
            try await Task.sleep(for: Self.pause)
        }
        try observe()
        unlink(path)
    }

    // MARK: Files

    /// A rotated file or copy.
    func chosen(_ choice: Int, of log: ScheduledLog) throws -> String? {
        guard access(log.directory, F_OK) == 0 else { return nil }
        let others = try log.others()
        return others.isEmpty ? nil : others[choice % others.count]
    }

    /// One that is not compressed, and can be.
    func plain(_ choice: Int, of log: ScheduledLog) throws -> String? {
        guard access(log.directory, F_OK) == 0 else { return nil }
        let others = try log.others().filter { path in
            Schedule.Format.allCases.allSatisfy {
                !path.hasSuffix(".\($0.rawValue)") && access("\(path).\($0.rawValue)", F_OK) != 0
            }
        }
        return others.isEmpty ? nil : others[choice % others.count]
    }

    /// Runs a program to its end.
    mutating func run(_ path: String, _ arguments: [String], configuration: String? = nil) async throws {
        tools += 1
        let name = "tool-\(tools)"
        var arguments = arguments
        if let configuration {
            let file = exporter.directory.appending(path: "\(name).conf")
            try Data(configuration.utf8).write(to: file)
            arguments.append(file.path)
        }
        let program = try await RunningProgram(URL(filePath: path), arguments, name: name, in: exporter.directory)
        let exit = await program.untilExit()
        let text = program.logText
        if exit != .status(0) { say("# \(exit): \(text)") }
    }
}
