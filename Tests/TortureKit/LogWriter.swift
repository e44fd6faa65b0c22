import Foundation
import Glibc
import TestSupport

/// Simulates an API server: writes its audit log, fast and slowly, and rotates it, seldom or several times a second.
struct LogWriter {
    /// The kind of rotation.
    enum Rotation: Sendable {
        /// Renamed, with the time in its name, and a new one created: kube-apiserver's way.
        case renaming
        /// Renamed to `NAME.1`, after the old one became `NAME.2`: logrotate's way.
        case numbering
        /// Copied and truncated: logrotate's `copytruncate`. Every reader loses lines that are written in between, so
        /// none are written then.
        case copying
    }

    let log: URL
    let rotation: Rotation
    let network: Int
    let truth: Truth
    let backups: Backups
    /// Uses requests that the webhook sends too.
    let shared: SharedRequests?
    let end: Flag

    private var generator: RequestGenerator
    private var random: SeededGenerator
    private var file: AppendedFile
    // Delayed events, by the number of lines.
    private var late: [(wait: Int, text: String)] = []
    private var lastBackup = 0
    private var number = 0

    init(
        _ log: URL, rotation: Rotation, network: Int, seed: UInt64, truth: Truth, backups: Backups,
        shared: SharedRequests?, end: Flag
    ) throws {
        self.log = log
        self.rotation = rotation
        self.network = network
        self.truth = truth
        self.backups = backups
        self.shared = shared
        self.end = end
        random = SeededGenerator(seed: seed)
        generator = RequestGenerator(network: network, seed: random.next())
        file = try AppendedFile(creating: log.path)
        // A visible request, which proves that the log is followed.
        _ = try writeLast()
    }

    /// Writes until it is stopped.
    mutating func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            while !end.isSet {
                // A quiet period, or a busy one.
                let pause = [3, 10, 30, 100].randomElement(using: &random) ?? 10
                let burst = [1, 5, 20, 40].randomElement(using: &random) ?? 5
                let rotations: Double = [0.2, 1, 3, 6].randomElement(using: &random) ?? 1
                let phase = ContinuousClock.now + .milliseconds(Int.random(in: 300...3000, using: &random))
                while ContinuousClock.now < phase, !end.isSet {
                    try await write(burst: Int.random(in: 0...burst, using: &random))
                    if chance(rotations * Double(pause) / 1000) {
                        for isEmpty in chance(0.05) ? [false, true] : [false] {
                            let compress = try await rotate(isEmpty: isEmpty)
                            if let compress { group.addTask { try await compress() } }
                        }
                    }
                    try await Task.sleep(for: .milliseconds(pause))
                }
            }
            late = late.map { (0, $0.text) }
            try await write(burst: 0)
            _ = try writeLast()
            try await group.waitForAll()
        }
    }

    // MARK: Writing

    private mutating func write(burst: Int) async throws {
        var lines: [UInt8] = []
        for _ in 0..<burst {
            for request in generator.next() { add(request, to: &lines) }
        }
        addLate(to: &lines)
        guard !lines.isEmpty else { return }
        truth.add(lines: lines.count { $0 == 10 })
        // A write may end within a line, and the rest follows later.
        let cut = chance(0.1) ? Int.random(in: 0..<lines.count, using: &random) : 0
        if cut > 0 {
            try file.append(lines[..<cut])
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...40, using: &random)))
        }
        try file.append(lines[cut...])
    }

    private mutating func add(_ request: PlannedRequest, to lines: inout [UInt8]) {
        var request = request
        let isShared = chance(0.06) && shared != nil
        // The exporter gets a request that is shared from the webhook at another time.
        request.isOrdered = !isShared
        truth.add(request)
        if isShared { shared?.put(request) }
        for event in request.events { lines += Array(event.utf8) + [10] }
        guard let later = request.later else { return }
        late.append((chance(0.5) ? 0 : Int.random(in: 1...300, using: &random), later))
    }

    private mutating func addLate(to lines: inout [UInt8]) {
        for index in late.indices { late[index].wait -= 5 }
        for event in late where event.wait <= 0 { lines += Array(event.text.utf8) + [10] }
        late.removeAll { $0.wait <= 0 }
    }

    /// The line that proves that all lines before it were read.
    ///
    /// - Parameter feed: Its line end.
    private mutating func writeLast(feed: [UInt8] = [10]) throws -> CountedSource {
        number += 1
        let address = Backups.lastSource(number, network: network)
        var request = generator.single(from: address)
        request.isOrdered = true
        truth.add(request)
        truth.add(lines: 1)
        try file.append((Array(request.events.joined().utf8) + feed)[...])
        return .verified(address)
    }

    /// Ends a file to which nothing will be appended. A writer that was killed leaves the last line without its line
    /// feed, or half a line; and a rotation by time may rotate an empty log.
    private mutating func finishFile(isEmpty: Bool) throws -> CountedSource? {
        if isEmpty { return nil }
        if chance(0.02) { return try writeLast(feed: []) }
        let lastSource = try writeLast()
        if chance(0.02) {
            let half = generator.single(from: "10.0.0.2").events.joined().utf8.dropLast(
                Int.random(in: 1...300, using: &random))
            truth.add(lines: 1)
            try file.append(Array(half)[...])
        }
        return lastSource
    }

    // MARK: Rotating

    /// - Returns: Its compression.
    private mutating func rotate(isEmpty: Bool = false) async throws -> (@Sendable () async throws -> Void)? {
        if case .numbering = rotation, try !backups.shift(log) { return nil }
        let lastSource = try finishFile(isEmpty: isEmpty)
        let backup = log.deletingLastPathComponent().appending(path: backupName())
        switch rotation {
        case .renaming, .numbering:
            guard rename(log.path, backup.path) == 0 else { throw TortureFailure("\(log.path) cannot be renamed") }
            let wait = chance(0.05) ? 800 : chance(0.3) ? 20 : 0
            if wait > 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...wait, using: &random))) }
            file = try AppendedFile(creating: log.path)
        case .copying:
            try await copy(to: backup)
            try file.truncate()
        }
        let format: LogCompressor.Format? = chance(0.6) ? (chance(0.7) ? .gzip : .zstd) : nil
        backups.add(backup, lastSource: lastSource, isCompressing: format != nil)
        guard let format else { return nil }
        let compressor = LogCompressor(backups: backups)
        let generator = SeededGenerator(seed: random.next())
        let wait = Duration.milliseconds(chance(0.5) ? 0 : Int.random(in: 0...1000, using: &random))
        return {
            try await Task.sleep(for: wait)
            try await compressor.compress(backup, format, using: generator)
        }
    }

    private mutating func copy(to backup: URL) async throws {
        let bytes = [UInt8](try Data(contentsOf: log))
        let copy = try AppendedFile(creating: backup.path)
        let half = Int.random(in: 0...bytes.count, using: &random)
        for part in [bytes[..<half], bytes[half...]] {
            try copy.append(part)
            if chance(0.5) { try await Task.sleep(for: .milliseconds(Int.random(in: 0...30, using: &random))) }
        }
    }

    /// A unique name, with milliseconds.
    private mutating func backupName() -> String {
        lastBackup = max(EventText.now / 1000, lastBackup + 1)
        let (date, time) = EventText.dateAndTime(lastBackup / 1000)
        let milliseconds = EventText.digits(lastBackup % 1000, 3)
        let name = log.lastPathComponent
        switch rotation {
        case .renaming:
            let stem = log.deletingPathExtension().lastPathComponent
            return "\(stem)-\(date)T\(time.joined(separator: "-")).\(milliseconds).\(log.pathExtension)"
        case .numbering:
            return "\(name).1"
        case .copying:
            return "\(name)-\(date.replacing("-", with: ""))-\(time.joined())\(milliseconds)"
        }
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &random) < share }
}
