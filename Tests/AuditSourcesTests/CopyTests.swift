import Foundation
import Glibc
import Testing
import TestSupport

@testable import AuditSources

@Suite("A file that has content in common with a log is followed, and the common part is read once")
struct CopyTests {
    @Test("when a copy lies beside the log under a glob: the log is followed after a restart")
    func copyBesideLog() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"])
            try log.append(1...5)
            log.read()
            try log.copy(to: "audit-before-upgrade.log")
            log.read(after: 2)
            try log.append([6])
            log.read(after: 2)
            log.restart()
            try log.append(7...14)
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1...14))
            try log.rename(to: "audit-2026-11-23T23-14-34.953.log")
            try log.append([15])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1...15))
            #expect(log.states.map(\.unreadBytes) == [0])
            #expect(log.losses == [])
        }
    }

    @Test(
        "when a flag names the copy too, first or last",
        arguments: [["copy.log", "audit.log"], ["audit.log", "copy.log"]])
    func bothNamed(names: [String]) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: names)
            try log.append(1...5)
            try log.copy(to: "copy.log")
            try log.append(6...13)
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...13))
            try log.append([14], to: "copy.log")
            try log.append([15])
            log.read()
            #expect(log.ids.sorted() == Array(1...15))
        }
    }

    @Test("when another log has the same first lines: the rest of both is read", arguments: [false, true])
    func sameBeginning(restarts: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"])
            try log.append(1...3, to: "a.log")
            log.read()
            if restarts { log.restart() }
            try log.append(1...2, to: "b.log")
            try log.append(10...12, to: "b.log")
            for _ in 0..<2 { log.read(after: 2) }
            try log.append([4], to: "a.log")
            try log.append([13], to: "b.log")
            log.read(after: 2)
            #expect(Set(log.ids) == [1, 2, 3, 4, 10, 11, 12, 13])
        }
    }

    // Longer than what is read again without a comparison.
    private static let long = 1...2000

    @Test(
        "when an editor replaces the log by one without a line, near its beginning, its middle or its end",
        arguments: [0, 2, 1000, 1990, 1999])
    func edited(line: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(Self.long)
            log.read()
            var kept = Array(Self.long)
            kept.remove(at: line)
            try log.append(kept + [5000], to: "sedXYZ")
            try log.rename("sedXYZ", to: "audit.log")
            for _ in 0..<3 { log.read(after: 2) }
            try log.append([5001])
            log.read()
            #expect(log.ids == Array(Self.long) + [5000, 5001])
        }
    }

    @Test("when a line is deleted while nobody follows the log", arguments: [5, 3000, 5990])
    func editedWhileAway(line: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...6000)
            log.read()
            var kept = Array(1...6000)
            kept.remove(at: line)
            try log.append(kept + [9000], to: "sedXYZ")
            try log.rename("sedXYZ", to: "audit.log")
            log.restart()
            for _ in 0..<3 { log.read(after: 2) }
            #expect(log.ids.last == 9000)
            #expect(log.ids.count < 6001 + 2400 * 2, "what is certain is not read again")
        }
    }

    @Test("when it is shortened by a few bytes in place", arguments: [false, true])
    func shortenedInPlace(restarts: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            // More than the distance of marks.
            try log.append(1...10_000)
            log.read()
            var information = stat()
            try #require(stat(log.path("audit.log"), &information) == 0)
            try #require(Glibc.truncate(log.path("audit.log"), information.st_size - 5) == 0)
            if restarts { log.restart() }
            for _ in 0..<2 { log.read(after: 2) }
            try log.append("\n")
            try log.append([20_000])
            log.read()
            #expect(log.ids.last == 20_000)
            #expect(log.ids.count < 10_001 + 2600, "at most the last MiB is read again")
            #expect(log.losses == [])
        }
    }

    @Test("when a shortened copy of it appears", arguments: [false, true])
    func shortenedCopy(restarts: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit*"])
            try log.append(Self.long)
            log.read()
            let bytes = try Data(contentsOf: log.url.appending(path: "audit.log"))
            try bytes.dropLast(5).write(to: log.url.appending(path: "audit.bak"))
            if restarts { log.restart() }
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(Self.long))
        }
    }

    @Test("when it is copied slowly while it grows, and the log is truncated afterwards")
    func growingCopy() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit*"])
            try log.append(Self.long)
            log.read()
            let bytes = try Data(contentsOf: log.url.appending(path: "audit.log"))
            for part in [10, 1000, bytes.count / 2, bytes.count - 7, bytes.count] {
                try bytes.prefix(part).write(to: log.url.appending(path: "audit.log.1"))
                log.read(after: 3)
            }
            try log.append([3000])
            try log.append([3000], to: "audit.log.1")
            try log.truncate()
            try log.append([3001])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(Self.long) + [3000, 3001])
        }
    }

    @Test(
        "when it begins like the rotated log and is truncated: the lines behind are read",
        arguments: [[], [1], Array(20...25)])
    func truncatedWhileCompared(lines: [Int]) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...10)
            log.read()
            try log.rename(to: "audit.log.1")
            try log.append(1...3)
            log.read()
            try log.truncate()
            if lines.isEmpty { log.read() }
            try log.append(lines + [30])
            log.read()
            try log.append([31])
            log.read()
            #expect(log.ids == Array(1...10) + lines.filter { $0 > 10 } + [30, 31])
            #expect(log.states.map(\.truncations) == [1])
            #expect(log.losses == [])
        }
    }

    @Test("when it is a copy that is truncated by a few bytes while it is compared")
    func copyShortenedInPlace() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit*"])
            try log.append(Self.long)
            log.read()
            try log.append([3000])
            try log.copy(to: "audit.bak")
            log.read(after: 2)
            let size = try FileVersion(path: log.path("audit.bak")).size
            try #require(Glibc.truncate(log.path("audit.bak"), size - 5) == 0)
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(Self.long) + [3000])
            #expect(log.losses == [])
        }
    }

    /// A log of five lines, copied before its last two were read; then both are read.
    private func copied(_ directory: URL) throws -> LogDirectory {
        let log = try LogDirectory(directory)
        try log.append(1...3)
        log.read()
        try log.append(4...5)
        try log.copy(to: "audit.log.9")
        log.read()
        return log
    }

    @Test("when a copy is removed while the exporter is stopped: nothing is reported as lost")
    func removedCopy() throws {
        try withTemporaryDirectory { directory in
            let log = try copied(directory)
            try log.append([6])
            log.read()
            try log.remove("audit.log.9")
            log.restart()
            for _ in 0..<4 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...6))
            #expect(log.losses == [])
        }
    }

    @Test("when a copy with lines of its own is removed while the exporter is stopped: they are reported as lost")
    func removedCopyWithOtherLines() throws {
        try withTemporaryDirectory { directory in
            let log = try copied(directory)
            try log.append([20], to: "audit.log.9")
            log.read()
            try log.append([21], to: "audit.log.9")
            try log.remove("audit.log.9")
            log.restart()
            for _ in 0..<4 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...5) + [20])
            #expect(log.losses.count == 1)
        }
    }
}
