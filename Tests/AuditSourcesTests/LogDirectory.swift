import AuditEvents
import Compression
import Foundation
import Glibc
import Testing
import TestSupport

@testable import AuditSources

/// A directory in which logs change, and the lines that a follower read.
final class LogDirectory {
    static let selectors = [EventSelector(group: "system:unauthenticated", responseCode: 403)]

    let url: URL
    private var patterns: [LogPattern]
    private let start: StartingPoint
    private let pread: PositionalRead
    private let openLimit: Int
    private var follower: LogFollower
    // As stored on disk.
    private var kept = KnownPositions()
    private(set) var batches: [InputBatch] = []
    private var now = ContinuousClock.now

    init(
        _ url: URL, following patterns: [String] = ["audit.log"], from start: StartingPoint = .beginning,
        reading pread: @escaping PositionalRead = LogFile.systemRead, openLimit: Int = 4096
    ) throws {
        self.url = url
        self.start = start
        self.pread = pread
        self.openLimit = openLimit
        self.patterns = try patterns.map { try #require(LogPattern(url.appending(path: $0).path)) }
        follower = LogFollower(
            self.patterns, from: start, selecting: Self.selectors, reading: pread, openLimit: openLimit)
    }

    /// Drops the follower in whatever state it is, and creates another one from the stored positions.
    ///
    /// - Parameter paths: Other patterns for it.
    func restart(following paths: [String]? = nil) {
        if let paths { patterns = paths.compactMap(LogPattern.init) }
        follower = LogFollower(
            patterns, from: start, selecting: Self.selectors, restoring: kept, reading: pread, openLimit: openLimit)
    }

    /// The number of open files in the directory.
    func openFiles() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
        }.count { $0.hasPrefix(url.path) }
    }

    func path(_ name: String) -> String { url.appending(path: name).path }

    // MARK: What happens to logs

    /// An event with a unique ID.
    static func line(_ id: Int) -> String {
        #"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"\#(id)","stage":"ResponseComplete","requestURI":"/api/v1/secrets","verb":"list","user":{"username":"system:anonymous","groups":["system:unauthenticated"]},"sourceIPs":["192.0.2.1"],"responseStatus":{"metadata":{},"status":"Failure","reason":"Forbidden","code":403},"requestReceivedTimestamp":"2026-11-23T23:10:06.716266Z","stageTimestamp":"2026-11-23T23:10:06.720963Z"}"#
            + "\n"
    }

    func append(_ text: String, to name: String = "audit.log") throws {
        let descriptor = open(path(name), O_WRONLY | O_APPEND | O_CREAT, 0o644)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var text = text
        let count = text.utf8.count
        try #require(text.withUTF8 { write(descriptor, $0.baseAddress, $0.count) } == count)
    }

    func append(_ ids: some Sequence<Int>, to name: String = "audit.log") throws {
        try append(ids.map(Self.line).joined(), to: name)
    }

    func rename(_ name: String = "audit.log", to other: String) throws {
        try #require(Glibc.rename(path(name), path(other)) == 0)
    }

    func copy(_ name: String = "audit.log", to other: String) throws {
        try FileManager.default.copyItem(atPath: path(name), toPath: path(other))
    }

    /// Replaces a file by its gzip.
    func compress(_ name: String) throws {
        let bytes = [UInt8](try Data(contentsOf: url.appending(path: name)))
        try Data(Gzip.compress(bytes)).write(to: url.appending(path: name + ".gz"))
        try remove(name)
    }

    /// Makes a file look as if it was last written before.
    func age(_ name: String, by seconds: Int) throws {
        let time = timespec(tv_sec: time(nil) - seconds, tv_nsec: 0)
        try #require(utimensat(AT_FDCWD, path(name), [time, time], 0) == 0)
    }

    func remove(_ name: String = "audit.log") throws {
        try #require(unlink(path(name)) == 0)
    }

    func truncate(_ name: String = "audit.log") throws {
        try #require(Glibc.truncate(path(name), 0) == 0)
    }

    // MARK: Read lines

    /// Checks the files and reads everything.
    func read(after seconds: Double = 0) {
        now += .seconds(seconds)
        follower.look(at: now)
        while let batch = follower.next() { take(batch) }
    }

    /// Checks the files and reads at most so many batches.
    func read(batches count: Int) {
        follower.look(at: now)
        for _ in 0..<count {
            if let batch = follower.next() { take(batch) }
        }
    }

    private func take(_ batch: InputBatch) {
        batches.append(batch)
        for position in batch.positions { kept.add(position) }
    }

    /// Stores a position in addition to those of batches.
    func keep(_ position: FilePosition) {
        kept.add(position)
    }

    /// Forgets the lines read so far.
    func forget() { batches = [] }

    /// The IDs of the events, in the order of reading.
    var ids: [Int] { batches.flatMap(\.scanned.events).compactMap { Int($0.event.auditID) } }
    var malformed: Int { batches.map(\.scanned.malformedCount).reduce(0, +) }
    var bytes: Int { batches.map(\.bytes).reduce(0, +) }
    var lastPosition: FilePosition? { batches.last?.positions.last }
    var losses: [LogLoss] { batches.flatMap(\.losses) }
    var states: [LogState] { follower.states }
    var problems: [String?] { follower.states.map(\.problem) }
}
