import Compression
import Foundation
import LocalStack
import TestSupport

/// Compresses rotated logs as rotation programs do: into a file with the final name, then the original is removed.
struct LogCompressor: Sendable {
    enum Format: Sendable, CaseIterable {
        case gzip
        case zstd
    }

    let backups: Backups

    func compress(_ url: URL, _ format: Format, using random: SeededGenerator) async throws {
        switch format {
        case .gzip: try await gzip(url, using: random)
        case .zstd: try await zstd(url)
        }
        backups.noteCompressed(url)
    }

    /// In pieces, over up to a second. Sometimes it stops in the middle and starts again, as after a restart of the
    /// rotation program.
    private func gzip(_ url: URL, using random: SeededGenerator) async throws {
        var random = random
        let compressed = Gzip.compress([UInt8](try Data(contentsOf: url)))
        let isGivenUp = Int.random(in: 0..<10, using: &random) == 0
        for isLast in isGivenUp ? [false, true] : [true] {
            try? FileManager.default.removeItem(atPath: url.path + ".gz")
            let file = try AppendedFile(creating: url.path + ".gz")
            let pieces = Int.random(in: 1...20, using: &random)
            let size = compressed.count / pieces + 1
            for start in stride(from: 0, to: isLast ? compressed.count : compressed.count / 2, by: size) {
                try file.append(compressed[start..<min(start + size, compressed.count)])
                try await Task.sleep(for: .milliseconds(Int.random(in: 0...50, using: &random)))
            }
        }
        try FileManager.default.removeItem(at: url)
    }

    private func zstd(_ url: URL) async throws {
        let program = try await RunningProgram(
            URL(filePath: "/usr/bin/env"), ["zstd", "-q", "--rm", url.path], name: "zstd",
            in: url.deletingLastPathComponent().deletingLastPathComponent())
        let exit = await program.untilExit()
        guard exit == .status(0) else { throw TortureFailure("zstd \(exit): \(program.logTail())") }
    }
}
