import Compression
import Glibc
import TestSupport

/// A log in a directory, with its rotated files, and their writer.
struct RotatingLog {
    private struct Archive {
        var path: String
        var rest: ArraySlice<UInt8>
        var source: String
    }

    /// Prefix of audit IDs: the log that the event is written to.
    let name: String
    private let directory: String
    // Audit IDs of the events in the log itself.
    private(set) var current: [String] = []
    /// Audit IDs of all events.
    private(set) var written: [String] = []
    private var pending: ArraySlice<UInt8> = []
    private var rotated: [String] = []
    private var archive: Archive?

    // Created once, because a fuzzer writes very many.
    private static let line = {
        var line = AuditLine(from: ["192.0.2.1"])
        line.auditID = "AUDIT-ID"
        let parts = line.text.split(separator: line.auditID).map { Array($0.utf8) }
        return (start: parts[0], end: parts[1])
    }()

    init(_ name: String, in directory: String) {
        self.name = name
        self.directory = directory
    }

    private var path: String { "\(directory)/\(name).log" }

    /// Writes events; the last one may stay without its line end for now.
    mutating func append(_ count: Int, leaveOpen: Bool) throws {
        var text = Array(pending)
        for _ in 0..<count {
            let auditID = "\(name)-\(written.count)"
            text += Self.line.start + Array(auditID.utf8) + Self.line.end
            written.append(auditID)
            current.append(auditID)
        }
        let kept = leaveOpen ? min(text.count, 40) : 0
        pending = text.suffix(kept)
        try ScratchFile.append(text.dropLast(kept), to: path)
    }

    /// Ends the last line.
    mutating func finish() throws {
        if !pending.isEmpty { try append(0, leaveOpen: false) }
    }

    /// - Parameter copies: Whether the log is copied and truncated, or renamed.
    mutating func rotate(copies: Bool) throws {
        try finish()
        guard let content = try ScratchFile.content(of: path) else { return }
        let target = "\(directory)/\(name)-2026-11-23T23-14-00.\("\(1000 + rotated.count)".dropFirst()).log"
        if copies {
            try ScratchFile.write(content, to: target)
            guard Glibc.truncate(path, 0) == 0 else { throw SystemFailure("truncate \(path)") }
        } else {
            guard rename(path, target) == 0 else { throw SystemFailure("rename \(path)") }
        }
        current = []
        rotated.append(target)
    }

    /// Empties the log without a copy.
    ///
    /// - Returns: The removed events.
    mutating func truncate() throws -> [String] {
        try finish()
        guard Glibc.truncate(path, 0) == 0 || errno == ENOENT else { throw SystemFailure("truncate \(path)") }
        defer { current = [] }
        return current
    }

    /// Compresses a rotated log.
    ///
    /// - Parameters:
    ///   - choice: The log to compress.
    ///   - stepwise: Whether one half is written now, and the other one later.
    mutating func compress(_ choice: Int, _ format: CompressionFormat, stepwise: Bool) throws {
        try finishArchive()
        guard !rotated.isEmpty else { return }
        let source = rotated[choice % rotated.count]
        guard let content = try ScratchFile.content(of: source) else { return }
        let packed = format == .gzip ? Gzip.compress(content) : StoredZstd.frame(content)
        let half = stepwise ? packed.count / 2 : packed.count
        let path = source + (format == .gzip ? ".gz" : ".zst")
        try ScratchFile.write(packed.prefix(half), to: path)
        archive = Archive(path: path, rest: packed.dropFirst(half), source: source)
        if !stepwise { try finishArchive() }
    }

    /// Completes the compressed file, and removes the plain one.
    mutating func finishArchive() throws {
        guard let archive else { return }
        try ScratchFile.append(archive.rest, to: archive.path)
        guard unlink(archive.source) == 0 else { throw SystemFailure("unlink \(archive.source)") }
        self.archive = nil
    }
}
