import AuditSources
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A log that is truncated in place, and copied before, loses no line and repeats none")
struct TruncationTests {
    private let rotatedName = "audit-2026-11-23T23-14-34.953.log"

    @Test("when it is truncated in place")
    func truncated() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...3)
            log.read()
            try log.truncate()
            try log.append([4])
            log.read()
            #expect(log.ids == [1, 2, 3, 4])
        }
    }

    @Test("when it is truncated and longer than before at the next check")
    func truncatedAndRegrown() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...3)
            log.read()
            try log.truncate()
            try log.append(4...20)
            log.read()
            #expect(log.ids == Array(1...20))
        }
    }

    @Test("when it is copied and truncated: lines that only the copy has are read there")
    func copyTruncated() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...4)
            log.read()
            try log.append(5...6)
            try log.copy(to: "audit.log.1")
            try log.truncate()
            try log.append(7...8)
            log.read()
            log.read(after: 10)
            log.read(after: 10)
            #expect(log.ids.sorted() == Array(1...8))
        }
    }

    @Test(
        "while it is being copied: the part that the copy has is not read again",
        arguments: ["audit.log", "audit*.log*"],
        [false, true])
    func beingCopied(pattern: String, restarts: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: [pattern])
            log.read()
            try log.append(1...10)
            log.read()
            try log.append([11])
            let bytes = try Data(contentsOf: log.url.appending(path: "audit.log"))
            // Within the first line, at a line's end, after the range of a fingerprint, and after the read position.
            for place in [0, 100, LogDirectory.line(1).utf8.count, 3000, bytes.count - 100, bytes.count] {
                try bytes.prefix(place).write(to: log.url.appending(path: "audit.log.1"))
                if restarts { log.restart() }
                log.read(after: 1)
            }
            #expect(log.ids == Array(1...11))
            try log.truncate()
            try log.append([12])
            if restarts { log.restart() }
            for _ in 0..<3 { log.read(after: 100) }
            #expect(log.ids == Array(1...12))
            #expect(log.losses == [])
        }
    }

    @Test("when the copy is matched by a glob: it is not read again")
    func copyMatchedByGlob() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit.log*"])
            try log.append(1...4)
            log.read()
            try log.copy(to: "audit.log.1")
            try log.truncate()
            try log.append(5...8)
            for _ in 0..<4 { log.read(after: 3) }
            #expect(log.ids.sorted() == Array(1...8))
        }
    }

    @Test("when it is copied and truncated several times between two checks")
    func copyTruncatedTwice() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([-1], to: "audit.log.9")
            try log.append(1...2)
            log.read()
            for id in 3...6 {
                try log.append([id])
                try log.copy(to: "audit.log.\(10 - id)")
                try log.truncate()
            }
            try log.append([7])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...7))
        }
    }

    @Test(
        "when it is copied and truncated before its first line was complete: no loss is reported",
        arguments: ["audit.log", "audit.log*"], [false, true])
    func copyTruncatedInFirstLine(pattern: String, hasBacklog: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: [pattern])
            let line = LogDirectory.line(1)
            try log.append(String(line.prefix(90)))
            log.read()
            try log.append(String(line.dropFirst(90)))
            try log.copy(to: "audit.log.1")
            try log.truncate()
            // Another log is so large that this one is not read before the next check.
            if hasBacklog { log.read(batches: 0) }
            try log.append([2])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == [1, 2])
            #expect(log.losses == [])
        }
    }

    @Test(
        "when it is copied, truncated, and the copy compressed before the next check: no loss is reported",
        arguments: ["audit.log", "audit.log*"])
    func copyCompressed(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: [pattern])
            try log.append([1])
            log.read()
            try log.append(String(LogDirectory.line(2).prefix(90)))
            log.read()
            try log.append(String(LogDirectory.line(2).dropFirst(90)))
            try log.copy(to: "audit.log.1")
            try log.truncate()
            try log.compress("audit.log.1")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2])
            #expect(log.losses == [])
        }
    }

    @Test(
        "when its compressed copy is so large that the truncation is found while the copy is decompressed",
        arguments: ["audit.log", "audit.log*"])
    func largeCopyCompressed(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: [pattern])
            try log.append([1])
            log.read()
            // 13 MiB; a step decompresses 4 MiB.
            try log.append(2...30_000)
            try log.copy(to: "audit.log.1")
            try log.truncate()
            try log.compress("audit.log.1")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1...30_000))
            #expect(log.losses == [])
        }
    }

    @Test("when a client makes it begin like the previous one: it is not mistaken for a copy")
    func forgedBeginning() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"])
            // An Audit-ID and a URI chosen by the client, longer than the compared range.
            let forged = #"{"auditID":"1","requestURI":"/\#(String(repeating: "x", count: 4000))","time":"#
            try log.append(forged + "1}\n" + LogDirectory.line(1))
            log.read()
            try log.append(forged + "2}\n" + LogDirectory.line(2), to: "other.log")
            try log.rename(to: rotatedName)
            try log.append(forged + "3}\n" + LogDirectory.line(3))
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == [1, 2, 3])
        }
    }

    @Test("when it ends without a line feed, and its copy was found before the truncation")
    func incompleteLastLine() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...3)
            log.read()
            try log.append(String(LogDirectory.line(4).dropLast()))
            try log.copy(to: "audit.log.1")
            log.read(after: 1)
            log.read(after: 1)
            try log.truncate()
            try log.append([5])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...5))
            #expect(log.losses == [])
        }
    }

    @Test("after its copy was compared with it, and a restart")
    func comparedBeforeRestart() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...10)
            log.read()
            try log.append([11])
            try log.copy(to: "audit.log.1")
            log.read(after: 1)
            try log.truncate()
            try log.append([12])
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1...12))
            #expect(log.losses == [])
        }
    }

    @Test("and copied again before its new content was read, with an empty archive in the directory")
    func copiedBeforeRead() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append("", to: "audit.log.9")
            try log.compress("audit.log.9")
            try log.append(1...3)
            log.read()
            try log.truncate()
            log.read()
            try log.append(4...5)
            try log.copy(to: "audit.log.1")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1...5))
            #expect(log.losses == [])
        }
    }

    @Test("and copied with half a line, which other files begin with, too", arguments: [5, 300], [false, true])
    func halfALine(length: Int, isCompressed: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            log.read()
            try log.append(String(LogDirectory.line(1).prefix(length)))
            try log.copy(to: "audit.log.9")
            log.read(after: 1)
            try log.truncate()
            for _ in 0..<3 { log.read(after: 10) }
            try log.append(1...2)
            if isCompressed {
                log.restart()
                try log.rename(to: "audit.log.1")
                try log.compress("audit.log.1")
                try log.append([3])
            } else {
                log.read(after: 1)
                try log.append([3])
                log.restart()
            }
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == [1, 2, 3])
            #expect(log.malformed == 1)
            #expect(log.losses == [])
        }
    }
}
