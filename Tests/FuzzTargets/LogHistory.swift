import AuditEvents
import AuditSources
import Compression

/// A directory in which things happen to logs, and what a follower of them read.
struct LogHistory: ~Copyable {
    /// How the logs are followed and rotated.
    struct Setup: OptionSet {
        let rawValue: UInt8

        /// By a glob that matches rotated logs too.
        static let glob = Setup(rawValue: 1)
        /// A rotated log is copied and then truncated, and not renamed.
        static let copies = Setup(rawValue: 2)
        /// There are two logs.
        static let two = Setup(rawValue: 4)
        /// Logs may be emptied without a copy, and what was not read is lost.
        static let losses = Setup(rawValue: 8)
    }

    /// What was read, as it stood when it was last written down.
    private struct Reading {
        // As they would be kept on disk.
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
    // Audit IDs of what may have been lost.
    private var atRisk: Set<String> = []
    // Whether what the follower knew a log by is gone; it cannot know whether there had been more.
    private var isEmptied = false

    init(_ directory: String, _ setup: Setup) throws {
        let names = setup.contains(.two) ? ["audit", "proxy"] : ["audit"]
        let texts =
            setup.contains(.glob)
            ? [names.count == 1 ? "audit*.log*" : "*.log*"] : names.map { "\($0).log" }
        self.setup = setup
        patterns = texts.compactMap { LogPattern("\(directory)/\($0)") }
        logs = names.map { RotatingLog($0, in: directory) }
        follower = LogFollower(patterns, from: .beginning, selecting: .unauthenticatedForbidden)
        // What was there before the first look, and not under the name that is followed, is not the exporter's.
        look(batches: .max)
        committed = reading
    }

    /// The low four bits say what happens, the others how much of it.
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
            // It was killed, and what it had not written down is gone.
            reading = committed
            restart()
        case 11, 12: look(batches: amount & 3)
        default: look(batches: .max, after: Double(amount) / 4)
        }
        if byte & 0x0f > 12 || amount & 8 != 0 { committed = reading }
    }

    /// Reads what there is, and says what is wrong with it.
    mutating func end() throws {
        for index in logs.indices {
            try logs[index].finish()
            try logs[index].finishArchive()
        }
        restart()
        // A compressed file that waits for its log's end is looked at again after a minute.
        for _ in 0..<4 { look(batches: .max, after: 100) }
        let written = Set(logs.flatMap(\.written))
        let counts = Dictionary(reading.auditIDs.map { ($0, 1) }, uniquingKeysWith: +)
        let missed = written.subtracting(counts.keys).subtracting(atRisk).sorted()
        let doubled = counts.filter { $0.value > 1 }.keys.sorted()
        let unknown = Set(counts.keys).subtracting(written).sorted()
        // That something was lost is to be said only where it may be so.
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
            patterns, from: .beginning, selecting: .unauthenticatedForbidden, restoring: reading.known)
    }

    private mutating func look(batches: Int, after seconds: Double = 0) {
        now += .seconds(seconds)
        follower.look(at: now)
        var rest = batches
        while rest > 0, let batch = follower.next() {
            rest -= 1
            reading.auditIDs += batch.scanned.events.map(\.auditID)
            reading.complaints += batch.scanned.malformed.map(\.description) + batch.losses.map(\.reason)
            for position in batch.positions { reading.known.add(position) }
        }
    }
}
