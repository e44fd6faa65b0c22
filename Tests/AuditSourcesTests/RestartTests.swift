import AuditEvents
import AuditSources
import Compression
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("After a restart, reading continues where it stopped")
struct RestartTests {
    private let rotatedName = "audit-2026-11-23T23-14-34.953.log"

    /// A log that was partly read, and its changes while nobody followed it.
    private func read(
        _ first: ClosedRange<Int>, then happens: (LogDirectory) throws -> Void, expecting expected: [Int],
        from start: StartingPoint = .beginning, following patterns: [String] = ["audit.log"],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: patterns, from: start)
            // Never read, whatever happens.
            try log.append([-1], to: "audit-2026-11-22T00-00-00.000.log")
            try log.append([-2], to: "audit.log.9")
            try log.compress("audit.log.9")
            try log.age("audit.log.9.gz", by: 7200)
            log.read()
            try log.append(first)
            log.read()
            try happens(log)
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == expected, sourceLocation: sourceLocation)
            #expect(log.malformed == 0, sourceLocation: sourceLocation)
            #expect(log.losses.map(\.reason) == [], sourceLocation: sourceLocation)
        }
    }

    @Test("if the log only grew", arguments: [StartingPoint.beginning, .end, .recent(seconds: 3600)])
    func grown(start: StartingPoint) throws {
        try read(1...2, then: { try $0.append(3...4) }, expecting: [1, 2, 3, 4], from: start)
    }

    @Test("if the log did not change")
    func unchanged() throws {
        try read(1...2, then: { _ in }, expecting: [1, 2])
    }

    @Test("if the log was renamed, once or several times: the oldest first", arguments: 1...4)
    func renamed(times: Int) throws {
        try read(
            1...2,
            then: { log in
                for time in 1...times {
                    try log.append([10 * time])
                    try log.rename(to: "audit-2026-11-23T23-14-34.00\(time).log")
                    usleep(8000)
                }
                try log.append([99])
            }, expecting: [1, 2] + (1...times).map { 10 * $0 } + [99])
    }

    @Test("if the log was renamed and compressed", arguments: 1...3)
    func compressed(times: Int) throws {
        try read(
            1...2,
            then: { log in
                for time in 1...times {
                    try log.append([10 * time])
                    try log.rename(to: "audit-2026-11-23T23-14-34.00\(time).log")
                    try log.compress("audit-2026-11-23T23-14-34.00\(time).log")
                    usleep(8000)
                }
                try log.append([99])
            }, expecting: [1, 2] + (1...times).map { 10 * $0 } + [99])
    }

    @Test("if the log was compressed with zstd")
    func zstd() throws {
        try read(
            1...2,
            then: { log in
                try log.append(3...4000)
                try log.rename(to: "audit.log.1")
                let zstd = try Process.run(
                    URL(filePath: "/usr/bin/zstd"), arguments: ["-q", "--rm", log.path("audit.log.1")])
                zstd.waitUntilExit()
                try #require(zstd.terminationStatus == 0)
                try log.append([4001])
            }, expecting: Array(1...4001))
    }

    @Test("if the log was copied and truncated, and the copy compressed or not", arguments: [false, true])
    func copyTruncated(isCompressed: Bool) throws {
        try read(
            1...4,
            then: { log in
                try log.append([5])
                try log.copy(to: "audit.log.1")
                try log.truncate()
                if isCompressed { try log.compress("audit.log.1") }
                try log.append(6...20)
            }, expecting: Array(1...20))
    }

    @Test("if the log was removed and another one has its inode")
    func inodeReuse() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            var reused = 0
            for id in 1...20 {
                try log.append([id])
                let before = try inode(log)
                log.read()
                try log.remove()
                try log.append([100 + id])
                if try inode(log) == before { reused += 1 }
                log.restart()
                log.read()
                try log.remove()
                log.read(after: 10)
                log.read(after: 10)
            }
            #expect(log.ids == (1...20).flatMap { [$0, 100 + $0] })
            if reused == 0 { print("note: this file system gave no inode twice, so that reuse was not seen") }
        }
    }

    private func inode(_ log: LogDirectory) throws -> UInt {
        var information = stat()
        try #require(stat(log.path("audit.log"), &information) == 0)
        return information.st_ino
    }

    @Test("if a glob matches the log and its renamed and compressed files")
    func glob() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit*"])
            try log.append([0], to: "audit.log.2")
            try log.compress("audit.log.2")
            try log.append([1])
            log.read()
            #expect(log.ids.sorted() == [0, 1])
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.compress("audit.log.1")
            try log.append([3])
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == [0, 1, 2, 3])
            #expect(log.malformed == 0)
            #expect(log.losses == [])
        }
    }

    @Test("within a line that is too long, to its end")
    func skippedLine() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(String(repeating: "x", count: 17 << 20))
            log.read()
            #expect(log.lastPosition?.isInSkippedLine == true)
            try log.append("xxx\n")
            try log.append([1])
            log.restart()
            log.read()
            #expect(log.ids == [1])
            #expect(log.malformed == 0)
        }
    }

    @Test("if the log was rotated and removed: the loss is reported once")
    func lost() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            let offset = log.bytes
            try log.append([2])
            try log.remove()
            log.restart()
            log.read()
            #expect(log.losses == [], "it may reappear")
            try log.append([3])
            for _ in 0..<2 { log.read() }
            #expect(log.ids == [1, 3])
            #expect(
                log.losses == [
                    LogLoss(
                        path: log.path("audit.log"), offset: offset, knownBytes: 0,
                        reason: "rotated or removed before it was read to its end, and not found")
                ])
            log.restart()
            log.read()
            #expect(log.losses.count == 1)
        }
    }

    @Test("if the log was truncated after the read position: the known lost bytes are reported")
    func truncatedBeforeRead() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            // More than one read.
            try log.append(1...4000)
            log.read(batches: 1)
            let unread = try #require(log.states.first?.unreadBytes)
            #expect(unread > 0)
            try log.truncate()
            try log.append([5000])
            log.read()
            #expect(log.losses.map(\.knownBytes) == [unread])
            #expect(log.ids.last == 5000)
        }
    }

    @Test("if a rotated log has a name that no rotation gives: it is found by its inode")
    func foundByInode() throws {
        try withTemporaryDirectory { directory in
            for (id, name) in ["elsewhere", "audit.log.old.by-hand", "x.gz"].enumerated() {
                let log = try LogDirectory(directory)
                try log.append([10 * id + 1])
                log.read()
                try log.append([10 * id + 2])
                try log.rename(to: name)
                try log.append([10 * id + 3])
                log.restart()
                for _ in 0..<3 { log.read(after: 10) }
                #expect(log.ids == [10 * id + 1, 10 * id + 2, 10 * id + 3], "\(name)")
                #expect(log.losses == [])
                try log.remove()
            }
        }
    }

    @Test("if a rotated log has no visible name while it is renamed: it is not lost")
    func seenUnderNoName() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...2)
            log.read()
            try log.append([3])
            let elsewhere = directory.deletingLastPathComponent().appending(path: "\(directory.lastPathComponent).log")
                .path
            try #require(Glibc.rename(log.path("audit.log"), elsewhere) == 0)
            try log.append([4])
            log.restart()
            log.read()
            #expect(log.ids == [1, 2, 4])
            try #require(Glibc.rename(elsewhere, log.path(rotatedName)) == 0)
            log.read()
            #expect(log.ids == [1, 2, 4, 3])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.losses == [])
        }
    }

    @Test("if its position was written again after its compressed form was read: no loss is reported")
    func positionOfAnOriginal() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            let stale = try #require(log.lastPosition)
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.compress("audit.log.1")
            try log.append([3])
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2, 3])
            log.keep(stale)
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2, 3])
            #expect(log.losses == [])
        }
    }

    @Test("if a compressed log is corrupt: that is reported, and the others are read")
    func broken() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.compress("audit.log.1")
            let path = URL(filePath: log.path("audit.log.1.gz"))
            var bytes = try Data(contentsOf: path)
            bytes[20] ^= 0xff
            try bytes.write(to: path)
            try log.append([3])
            log.restart()
            for _ in 0..<2 { log.read() }
            #expect(log.ids == [1, 3])
            #expect(log.losses.count == 2)
            #expect(log.losses.first?.reason.contains("audit.log.1.gz: compressed data is corrupt") == true)
        }
    }

    @Test("if a compressed log is still being written: reading waits for its end")
    func incomplete() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.compress("audit.log.1")
            let path = URL(filePath: log.path("audit.log.1.gz"))
            let bytes = try Data(contentsOf: path)
            try bytes.dropLast(10).write(to: path)
            try log.append([3])
            log.restart()
            log.read()
            #expect(log.ids == [1, 3])
            #expect(log.losses == [])
            try bytes.write(to: path)
            log.read()
            #expect(log.ids == [1, 3, 2])
            for _ in 0..<2 { log.read(after: 100) }
            #expect(log.ids.count == 3)
            #expect(log.losses == [])
        }
    }

    @Test("if a glob meets a compressed log that is still empty: it is not read as a plain one")
    func compressedIsEmptyAtFirst() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit.log*"])
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            let bytes = Gzip.compress(Array((LogDirectory.line(1) + LogDirectory.line(2)).utf8))
            try log.remove("audit.log.1")
            for count in [0, 2, bytes.count] {
                try Data(bytes.prefix(count)).write(to: URL(filePath: log.path("audit.log.1.gz")))
                log.read(after: 2)
            }
            try log.append([3])
            for _ in 0..<3 { log.read(after: 100) }
            #expect(log.ids.sorted() == [1, 2, 3])
            #expect(log.malformed == 0)
        }
    }

    @Test(
        "at any moment, whatever happens to the files meanwhile",
        arguments: ["audit.log", "audit*.log*"], [false, true])
    func randomHistories(pattern: String, copiesAndTruncates: Bool) throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            try withTemporaryDirectory { directory in
                let log = try LogDirectory(directory, following: [pattern])
                var written = 0
                var rotated: [String] = []
                log.read()
                for _ in 0..<150 {
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0...2:
                        written += 1
                        try log.append([written])
                    case 3, 4:
                        guard access(log.path("audit.log"), F_OK) == 0 else { continue }
                        let number = rotated.count
                        let name = "audit-2026-11-23T23-14-\(String(format: "%02d.%03d", number / 1000, number)).log"
                        if copiesAndTruncates {
                            try log.copy(to: name)
                            try log.truncate()
                        } else {
                            try log.rename(to: name)
                        }
                        rotated.append(name)
                    case 5:
                        guard let name = rotated.randomElement(using: &random),
                            access(log.path(name), F_OK) == 0
                        else { continue }
                        try log.compress(name)
                    case 6: log.restart()
                    case 7: log.read(batches: 1)
                    default: log.read(after: Double.random(in: 0...4, using: &random))
                    }
                }
                log.restart()
                // A compressed file whose log is incomplete is checked again after a minute.
                for _ in 0..<4 { log.read(after: 100) }
                #expect(log.ids.sorted() == Array(0..<written).map { $0 + 1 }, "seed \(seed)")
                #expect(log.malformed == 0, "seed \(seed)")
                #expect(log.losses == [], "seed \(seed)")
            }
        }
    }
}
