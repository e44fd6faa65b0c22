import AuditEvents
import AuditSources
import Compression

/// A directory in which logs change, and the lines that a follower read.
struct LogHistory: ~Copyable {
    /// The way the logs are followed and rotated.
    struct Setup: OptionSet {
        let rawValue: UInt8

        /// By a glob that also matches rotated logs.
        static let glob = Setup(rawValue: 1)
        /// A rotated log is copied and then truncated, not renamed.
        static let copies = Setup(rawValue: 2)
        /// There are two logs.
        static let two = Setup(rawValue: 4)
        /// Logs may be emptied without a copy; the unread part is lost.
        static let losses = Setup(rawValue: 8)
    }

    /// The lines read, as of the last write of the state.
    private struct Reading {
        // As stored on disk.
        var known = KnownPositions()
        var auditIDs: [String] = []
        var complaints: [String] = []
    }

    private let setup: Setup
    private let patterns: [LogPattern]
    private var logs: [RotatingLog]
    private var follower: LogFollower
    private var now = ContinuousClock.now
    private var reading = Reading()
    private var committed = Reading()
    // Audit IDs of lines that may be lost.
    private var atRisk: Set<String> = []
    // Whether the data that identifies a log to the follower is gone; it cannot know whether there was more.
    private var isEmptied = false

    init(_ directory: String, _ setup: Setup) throws {
        let names = setup.contains(.two) ? ["audit", "proxy"] : ["audit"]
        let texts =
            setup.contains(.glob)
            ? [names.count == 1 ? "audit*.log*" : "*.log*"] : names.map { "\($0).log" }
        self.setup = setup
        patterns = texts.compactMap { LogPattern("\(directory)/\($0)") }
        logs = names.map { RotatingLog($0, in: directory) }
        follower = LogFollower(patterns, from: .beginning, selecting: [.unauthenticatedForbidden])
        // Contents from before the first look, and under another name than the followed one, are not read.
        look(batches: .max)
        committed = reading
    }

    /// The low four bits select the event, the others its size.
    mutating func happen(_ byte: UInt8) throws {
        let amount = Int(byte >> 4)
        let log = amount & 1 % logs.count
        switch byte & 0x0f {
        case 0...2: try logs[log].append(amount / 2 + 1, leaveOpen: false)
        case 3: try logs[log].append(amount / 2, leaveOpen: true)
        case 4, 5: try logs[log].rotate(copies: setup.contains(.copies))
        case 6 where setup.contains(.losses): try empty(log)
        case 6: try logs[log].rotate(copies: setup.contains(.copies))
        case 7: try logs[log].compress(amount / 4, .gzip, stepwise: amount & 2 != 0)
        case 8: try logs[log].compress(amount / 4, .zstd, stepwise: amount & 2 != 0)
        case 9: restart()
        case 10:
            // It was killed, and its unwritten state is gone.
            reading = committed
            restart()
        case 11, 12: look(batches: amount & 3)
        default: look(batches: .max, after: Double(amount) / 4)
        }
        if byte & 0x0f > 12 || amount & 8 != 0 { committed = reading }
    }

    /// Reads everything, and reports errors.
    mutating func end() throws {
        for index in logs.indices {
            try logs[index].finish()
            try logs[index].finishArchive()
        }
        restart()
        // A compressed file whose log is incomplete is checked again after a minute.
        for _ in 0..<4 { look(batches: .max, after: 100) }
        let written = Set(logs.flatMap(\.written))
        let counts = Dictionary(reading.auditIDs.map { ($0, 1) }, uniquingKeysWith: +)
        let missed = written.subtracting(counts.keys).subtracting(atRisk).sorted()
        let doubled = counts.filter { $0.value > 1 }.keys.sorted()
        let unknown = Set(counts.keys).subtracting(written).sorted()
        // A loss may be reported only where one is possible.
        let complaints = isEmptied ? [] : reading.complaints
        try Disagreement.unless(
            missed.isEmpty && doubled.isEmpty && unknown.isEmpty && complaints.isEmpty,
            "of \(written.count) lines missed \(missed), doubled \(doubled), unknown \(unknown), complaints "
                + "\(complaints)")
    }

    private mutating func empty(_ log: Int) throws {
        let gone = try logs[log].truncate()
        atRisk.formUnion(Set(gone).subtracting(committed.auditIDs))
        if !gone.isEmpty { isEmptied = true }
    }

    private mutating func restart() {
        follower = LogFollower(
            patterns, from: .beginning, selecting: [.unauthenticatedForbidden], restoring: reading.known)
    }

    private mutating func look(batches: Int, after seconds: Double = 0) {
        now += .seconds(seconds)
        follower.look(at: now)
        var rest = batches
        while rest > 0, let batch = follower.next() {
            rest -= 1
            reading.auditIDs += batch.scanned.events.map(\.event.auditID)
            reading.complaints += batch.scanned.malformed.map(\.description) + batch.losses.map(\.reason)
            for position in batch.positions { reading.known.add(position) }
        }
    }
}
