import AuditEvents
import AuditSources
import Compression
import Foundation
import TestSupport

/// A directory in which things happen to a log, and what a follower of it read.
struct LogHistory: ~Copyable {
    private let directory: URL
    private let pattern: LogPattern
    private let copiesAndTruncates: Bool
    private var follower: LogFollower
    // As they would be kept on disk.
    private var kept = KnownPositions()
    private var now = ContinuousClock.now
    private var written = 0
    private var rotated: [String] = []
    private var read: [String] = []
    private var complaints: [String] = []

    init(_ directory: URL, pattern: String, copiesAndTruncates: Bool) throws {
        guard let pattern = LogPattern(directory.appending(path: pattern).path) else {
            throw Disagreement("\(directory.path) is no place for a log")
        }
        self.directory = directory
        self.pattern = pattern
        self.copiesAndTruncates = copiesAndTruncates
        follower = LogFollower([pattern], from: .beginning, selecting: .unauthenticatedForbidden)
        // What was there before the first look, and not under the name that is followed, is not the exporter's.
        look(batches: .max)
    }

    private var log: URL { directory.appending(path: "audit.log") }

    /// The low four bits say what happens, the others how much of it.
    mutating func happen(_ byte: UInt8) throws {
        let amount = Int(byte >> 4)
        switch byte & 0x0f {
        case 0...3: try append(amount + 1)
        case 4...6: try rotate()
        case 7, 8: try compress(amount)
        case 9, 10: restart()
        case 11, 12: look(batches: amount & 3)
        default: look(batches: .max, after: Double(amount) / 4)
        }
    }

    /// Reads what there is, and says what is wrong with it.
    mutating func end() throws(Disagreement) {
        restart()
        // A compressed file that waits for its log's end is looked at again after a minute.
        for _ in 0..<4 { look(batches: .max, after: 100) }
        let counts = Dictionary(read.map { ($0, 1) }, uniquingKeysWith: +)
        let missed = (0..<written).filter { counts["\($0)"] == nil }
        let doubled = counts.filter { $0.value > 1 }.keys.sorted()
        try Disagreement.unless(
            missed.isEmpty && doubled.isEmpty && complaints.isEmpty && counts.count == written,
            "of \(written) lines missed \(missed), doubled \(doubled), complaints \(complaints)")
    }

    private mutating func append(_ count: Int) throws {
        let template = AuditLine(from: ["192.0.2.1"])
        var text = ""
        for _ in 0..<count {
            var line = template
            line.auditID = "\(written)"
            text += line.text
            written += 1
        }
        if !FileManager.default.fileExists(atPath: log.path) { try Data().write(to: log) }
        let handle = try FileHandle(forWritingTo: log)
        defer { try? handle.close() }
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
    }

    private mutating func rotate() throws {
        guard FileManager.default.fileExists(atPath: log.path) else { return }
        let milliseconds = "\(1000 + rotated.count)".dropFirst()
        let name = "audit-2026-11-23T23-14-00.\(milliseconds).log"
        let target = directory.appending(path: name)
        if copiesAndTruncates {
            try FileManager.default.copyItem(at: log, to: target)
            let handle = try FileHandle(forWritingTo: log)
            defer { try? handle.close() }
            try handle.truncate(atOffset: 0)
        } else {
            try FileManager.default.moveItem(at: log, to: target)
        }
        rotated.append(name)
    }

    private func compress(_ choice: Int) throws {
        guard !rotated.isEmpty else { return }
        let source = directory.appending(path: rotated[choice % rotated.count])
        guard let content = try? Data(contentsOf: source) else { return }
        try Data(Gzip.compress([UInt8](content))).write(to: source.appendingPathExtension("gz"))
        try FileManager.default.removeItem(at: source)
    }

    private mutating func restart() {
        follower = LogFollower([pattern], from: .beginning, selecting: .unauthenticatedForbidden, restoring: kept)
    }

    private mutating func look(batches: Int, after seconds: Double = 0) {
        now += .seconds(seconds)
        follower.look(at: now)
        var rest = batches
        while rest > 0, let batch = follower.next() {
            rest -= 1
            read += batch.scanned.events.map(\.auditID)
            complaints += batch.scanned.malformed.map(\.description) + batch.losses.map(\.reason)
            for position in batch.positions { kept.add(position) }
        }
    }
}
