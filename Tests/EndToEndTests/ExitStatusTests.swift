import Foundation
import LocalStack
import TestSupport
import Testing

/// Service managers start a program again after some statuses and not after others: the packages' unit leaves 64 and 78
/// out.
@Suite("Exit statuses", .timeLimit(.minutes(1)))
struct ExitStatusTests {
    /// Runs it with `DIR` replaced by a directory with `file`, whose content is `text`, and returns how it ended.
    private static func exit(_ arguments: String, file: String, text: String) async throws -> ProgramExit {
        try await withTemporaryDirectory { directory in
            try Data(text.utf8).write(to: directory.appending(path: file))
            let words = arguments.split(separator: " ").map { String($0).replacing("DIR", with: directory.path) }
            return try await Program.exporter.run(words).exit
        }
    }

    @Test(
        "64: a flag, an argument or a combination of them cannot be used",
        arguments: [
            "--audit.lok x", "--storage.path DIR/state", "--audit.log x --source.limit 0",
            "--audit.log x --audit.from y",
            "--audit.log x --web.listen-address 10403", "--audit.log x --log.level loud",
            "--audit.log x --web.listen-address :1 --webhook.listen-address :1", "--audit.log x --web.systemd-socket",
            "scan", "scan --since foo DIR/audit.log", "scan --outcome denied DIR/audit.log",
            "backfill DIR/audit.log", "backfill DIR/audit.log --output DIR/out --step 1h",
            "backfill DIR/audit.log --output DIR/audit.log", "backfill DIR/audit.log --output DIR", "backup",
            "backup DIR",
        ])
    func usage(_ arguments: String) async throws {
        #expect(try await Self.exit(arguments, file: "audit.log", text: "") == .status(64))
    }

    @Test(
        "78: a file that a flag names cannot be used",
        arguments: [
            "--audit.log x --web.config.file DIR/broken.yml", "--audit.log x --filter.file DIR/broken.yml",
            "--webhook.listen-address 127.0.0.1:0 --webhook.config.file DIR/broken.yml",
            "--audit.log x --geoip.database DIR/broken.yml", "--audit.log x --web.config.file DIR/missing.yml",
            "scan --filter.file DIR/broken.yml DIR/broken.yml",
        ])
    func configuration(_ arguments: String) async throws {
        #expect(try await Self.exit(arguments, file: "broken.yml", text: "a: [") == .status(78))
    }

    @Test(
        "1: another try can succeed",
        arguments: [
            "--audit.log x --storage.path DIR/none/state", "--audit.log x --storage.path DIR/file",
            "--audit.log x --storage.path DIR/state --web.listen-address 192.0.2.1:0", "scan DIR/missing.log",
            "backfill DIR/file --output DIR/none/out", "backup --storage.path DIR/none DIR/copy",
            "backup --storage.path DIR/none DIR/none/copy",
        ])
    func other(_ arguments: String) async throws {
        #expect(try await Self.exit(arguments, file: "file", text: "a\n") == .status(1))
    }
}
