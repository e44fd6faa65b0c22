import Foundation
import Glibc

/// What people do to logs.
extension SchedulePlayer {
    mutating func remove(_ path: String) throws {
        say("rm \(path)")
        unlink(path)
    }

    mutating func renameRotated(_ log: ScheduledLog, _ choice: Int) throws {
        guard let path = try plain(choice, of: log) else { return }
        let target = path + ".old"
        say("mv \(path) \(target)")
        Glibc.rename(path, target)
    }

    mutating func copy(
        _ log: ScheduledLog, _ choice: Int, _ name: Schedule.CopyName, _ pieces: Int
    ) async throws {
        guard access(log.directory, F_OK) == 0 else { return }
        let all = try [log.file].filter { access($0, F_OK) == 0 } + log.others()
        guard !all.isEmpty else { return }
        let source = choice < 50 ? all[0] : all[choice % all.count]
        let (directory, file) = ScheduledLog.split(source)
        let target =
            switch name {
            case .bak: "\(source).bak"
            case .number: "\(source).9"
            case .log: "\(directory)/\(file.prefix { $0 != "." })-copy\(tools).log"
            case .prefixed: "\(directory)/copy-of-\(file)"
            }
        guard target != log.path, access(target, F_OK) != 0 else { return }
        tools += 1
        let content = [UInt8](try Data(contentsOf: URL(filePath: source)))
        say("cp \(source) \(target)\(pieces > 1 ? " in \(pieces) pieces" : "")")
        let file2 = try AppendedFile(creating: target)
        for piece in Self.pieces(content, pieces) {
            try file2.append(piece)
            guard pieces > 1 else { continue }
            try await Task.sleep(for: .milliseconds(10))
            try await play(.write(log: log.number, lines: 1))
        }
    }

    /// The writer opens the path again where it has become another file.
    mutating func edit(_ log: ScheduledLog, _ edit: Schedule.Edit, _ choice: Int) async throws {
        let path = choice < 60 ? log.file : try plain(choice, of: log) ?? log.file
        guard access(path, F_OK) == 0, let file = LogTree.FileID(path: path) else { return }
        let content = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let count = content.count { $0 == 10 }
        guard count > 2 else { return }
        let number = choice % count + 1
        switch edit {
        case .sed:
            say("sed -i \(number)d \(path)")
            try await run("/usr/bin/sed", ["-i", "\(number)d", path])
        case .replacement:
            say("sed \(number)d \(path) >\(path)~, mv \(path)~ \(path)")
            try Data(Self.without(number, content)).write(to: URL(filePath: path + "~"))
            Glibc.rename(path + "~", path)
        case .rewriting:
            say("an editor truncates \(path) and writes it without line \(number)")
            truth.noteTruncation(of: file)
            guard let target = fopen(path, "w") else { return }
            let rest = Self.without(number, content)
            fwrite(rest, 1, rest.count, target)
            fclose(target)
        case .shortening:
            say("truncate -s -5 \(path)")
            tears += 1
            truncate(path, content.count - 5)
        }
        if !log.isCurrent, path == log.file { try log.reopen() }
    }

    private static func without(_ number: Int, _ content: [UInt8]) -> [UInt8] {
        var lines = content.split(separator: 10, omittingEmptySubsequences: false)
        lines.remove(at: number - 1)
        return Array(lines.joined(separator: [10]))
    }

    /// A directory with a log and its rotated files is moved to its place.
    mutating func appear(_ log: ScheduledLog, _ rotated: Int) throws {
        let (directory, name) = ScheduledLog.split(log.path)
        let hidden = exporter.directory.appending(path: "hidden").path
        try FileManager.default.createDirectory(atPath: hidden, withIntermediateDirectories: true)
        let maker = ScheduledLog(log.number, path: "\(hidden)/\(name)", hasTargets: false, appends: true)
        for number in stride(from: rotated, through: 0, by: -1) {
            try maker.reopen()
            let batch = try invent(3, for: maker)
            say("\(maker.path): write lines \(batch.numbers)")
            try maker.write(batch.bytes[...])
            guard number > 0 else { break }
            say("mv \(maker.path) \(maker.path).\(number)")
            Glibc.rename(maker.path, "\(maker.path).\(number)")
        }
        say("mv \(hidden) \(directory)")
        Glibc.rename(hidden, directory)
    }
}
