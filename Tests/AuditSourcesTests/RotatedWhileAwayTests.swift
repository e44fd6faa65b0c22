import AuditSources
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A log that was rotated while nobody followed it is found")
struct RotatedWhileAwayTests {
    /// Lines 1 and 2 are read, 3 to 5 are written before the rotation, 6 after it.
    private func rotating(
        following patterns: [String] = ["audit.log"], named name: String, newLog: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation, _ prepare: (LogDirectory) throws -> Void = { _ in }
    ) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: patterns)
            try prepare(log)
            try log.append(1...2)
            log.read()
            try log.append(3...5)
            try log.rename(to: name)
            if newLog { try log.append([6]) }
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            // A file that a flag names is a log of its own, so the order may differ.
            #expect(log.ids.sorted() == Array(1...(newLog ? 6 : 5)), sourceLocation: sourceLocation)
            #expect(log.losses == [], sourceLocation: sourceLocation)
        }
    }

    @Test(
        "by its inode, whatever its name",
        arguments: [
            "audit-20261129.log", "audit.1.log", "audit.log-2026-11-29", "audit.log.20261129-100000", "audit.log.old",
            "audit-2026-11-29T10-00-00.000.log.1", "audit.log.1.old", "something-else",
        ])
    func names(name: String) throws {
        try rotating(named: name)
    }

    @Test("in another directory that a glob covers")
    func otherDirectory() throws {
        try rotating(following: ["audit.log", "old/*"], named: "old/x.log") {
            try #require(mkdir($0.path("old"), 0o755) == 0)
        }
    }

    @Test("if no new log exists yet, under a glob and without", arguments: ["audit.log", "*dit.log"])
    func newLogMissing(pattern: String) throws {
        try rotating(following: [pattern], named: "audit.log.1", newLog: false)
    }

    @Test("if the new log is empty", arguments: ["audit.log", "*dit.log"])
    func newLogEmpty(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: [pattern])
            try log.append([1])
            log.read()
            try log.append(2...9)
            try log.rename(to: "audit.log.1")
            try log.append("")
            log.restart()
            log.read()
            #expect(log.ids == Array(1...9))
        }
    }

    @Test("or is reported as lost, if it was removed and the new log is empty")
    func removed() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*dit.log"])
            try log.append([1])
            log.read()
            try log.append(2...9)
            try log.remove()
            try log.append("")
            log.restart()
            for _ in 0..<4 { log.read(after: 2) }
            #expect(log.losses.map(\.path) == [log.path("audit.log")])
            #expect(log.losses.first?.reason == "rotated or removed before it was read to its end, and not found")
        }
    }

    @Test("if the new log begins like it")
    func sameBeginning() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append(2...5)
            try log.rename(to: "audit.log.1")
            try log.append([1, 6])
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(Set(log.ids) == [1, 2, 3, 4, 5, 6])
            #expect(log.losses == [])
        }
    }

    @Test("if its path is spelled otherwise", arguments: ["./audit.log", "../{d}/audit.log", "link/audit.log"])
    func spelling(path: String) throws {
        try withTemporaryDirectory { directory in
            let name = path.replacing("{d}", with: directory.lastPathComponent)
            let log = try LogDirectory(directory)
            try #require(symlink(".", log.path("link")) == 0)
            try log.append([1])
            log.read()
            try log.append(2...9)
            try log.rename(to: "audit-2026-11-23T23-14-34.953.log")
            try log.append([10])
            log.restart(following: ["\(directory.path)/\(name)"])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1...10))
            #expect(log.losses == [])
        }
    }

    @Test("beside the file that a symlink led to, after it was switched")
    func symlinkTarget() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try #require(mkdir(log.path("data"), 0o755) == 0)
            try log.append([1], to: "data/one.log")
            try #require(symlink("data/one.log", log.path("audit.log")) == 0)
            log.read()
            try log.append([2], to: "data/one.log")
            try log.rename("data/one.log", to: "data/one-2026-11-29T10-00-00.000.log")
            try log.append([3], to: "data/two.log")
            try log.remove()
            try #require(symlink("data/two.log", log.path("audit.log")) == 0)
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2, 3])
            #expect(log.losses == [])
        }
    }

    @Test("and is not called lost, if reading stops before the first line of its archive", arguments: 0...4)
    func stoppedBeforeArchive(batches: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["a.log", "b.log"])
            for name in ["a.log", "b.log"] { try log.append(name == "a.log" ? [1] : [2], to: name) }
            log.read()
            for id in 3...4 {
                try log.append([id], to: "a.log")
                try log.rename("a.log", to: "a.log.\(id)")
                try log.compress("a.log.\(id)")
            }
            try log.append([5], to: "a.log")
            for id in 6...7 {
                try log.append([id], to: "b.log")
                log.restart()
                log.read(batches: batches)
            }
            log.restart()
            for _ in 0..<4 { log.read(after: 10) }
            #expect(Set(log.ids).sorted() == Array(1...7))
            #expect(log.losses == [])
        }
    }

    @Test("once, if two flags lead to it")
    func twoFlags() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit.log", "./audit.log", "link/audit.log"])
            try #require(symlink(".", log.path("link")) == 0)
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.append([3])
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2, 3])
        }
    }

    @Test("compressed, although a later rotated file has its name without the suffix", arguments: [nil, 1, 4])
    func compressedBesideLater(line: Int?) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.compress("audit.log.1")
            try log.append(line.map { [$0] } ?? [], to: "audit.log.1")
            try log.append([5])
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(Set(log.ids).sorted() == [1, 2] + (line == 4 ? [4] : []) + [5])
            #expect(log.losses == [])
        }
    }

    @Test("once, if its original is kept", arguments: [0, 3000])
    func compressedBesideOriginal(more: Int) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...3000)
            log.read()
            try log.rename(to: "audit.log.1")
            try log.copy("audit.log.1", to: "copy")
            try log.compress("copy")
            try log.rename("copy.gz", to: "audit.log.1.gz")
            try log.append(3001..<3001 + more, to: "audit.log.1")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1..<3001 + more))
        }
    }

    @Test("long ago, with its directory under another path since, is read on with the same cut-off")
    func underAnotherPath() throws {
        try withTemporaryDirectory { directory in
            try #require(mkdir(directory.appending(path: "before").path, 0o755) == 0)
            let log = try LogDirectory(directory, following: ["before/audit.log"], from: .recent(seconds: 3600))
            try log.append([1], to: "before/audit.log")
            log.read()
            let cutOff = try #require(log.batches.last?.countsFrom)
            try log.append([2], to: "before/audit.log")
            try log.rename("before/audit.log", to: "before/audit.log.1")
            try log.age("before/audit.log.1", by: 7200)
            try log.append([3], to: "before/audit.log")
            try log.rename("before", to: "mounted")
            log.forget()
            log.restart(following: [log.path("mounted/audit.log")])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [2, 3])
            #expect(log.batches.first?.countsFrom == cutOff)
            #expect(log.losses == [])
        }
    }

    /// Content that takes the place of a file's content has its inode, as after a reuse by the file system.
    private func replace(_ name: String, by ids: ClosedRange<Int>, named other: String, in log: LogDirectory) throws {
        try log.truncate(name)
        try log.append(ids, to: name)
        try log.rename(name, to: other)
    }

    @Test(
        "although its inode was that of a file of another log, compressed or not",
        arguments: [["a.log", "b.log"], ["*.log"]], [false, true])
    func inodeOfAnotherLog(patterns: [String], isCompressed: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: patterns)
            try log.append(1...9, to: "a.log")
            try log.append([10], to: "b.log")
            log.read()
            try log.rename("a.log", to: "a.log.1")
            if isCompressed { try log.compress("a.log.1") }
            try log.append([11], to: "a.log")
            for _ in 0..<3 { log.read(after: 10) }
            try replace(isCompressed ? "a.log.1.gz" : "a.log.1", by: 12...13, named: "b.log.1", in: log)
            try log.append([14], to: "b.log")
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...14))
            #expect(log.losses == [])
        }
    }

    @Test("although its inode was that of a file of another log of which nothing was read, only its first line")
    func inodeOfAnotherUnreadLog() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["a.log", "b.log"])
            try log.append(1...9, to: "a.log")
            try log.append([10], to: "b.log")
            log.read(batches: 1)
            #expect(log.ids == [10])
            try replace("a.log", by: 12...13, named: "b.log.1", in: log)
            try log.append([11], to: "a.log")
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(10...13))
        }
    }

    @Test("before the first start, under a glob that does not match all of its rotated files")
    func neverSeen() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"], from: .recent(seconds: 3600))
            try log.append([1], to: "audit.log.9")
            try log.append([2], to: "audit-2026-11-23T23-14-34.953.log")
            try log.append([3], to: "foreign.txt.1")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == [1, 2])
        }
    }

    @Test("or reported as lost soon, although there is an empty archive")
    func removedBesideEmptyArchive() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...2)
            log.read()
            try log.append(3...5)
            try log.remove()
            try log.append("", to: "audit.log.1")
            try log.compress("audit.log.1")
            try log.append([6])
            log.restart()
            for _ in 0..<3 { log.read(after: 3) }
            #expect(log.ids == [1, 2, 6])
            #expect(log.losses.count == 1)
        }
    }

    @Test("or reported as lost, although a file that is no log has its inode now")
    func inodeOfAnotherFile() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...2)
            log.read()
            try log.append(3...5)
            try log.rename(to: "audit.log.1")
            try log.append([6])
            try replace("audit.log.1", by: 7...8, named: "something-else", in: log)
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2, 6])
            #expect(log.losses.count == 1)
            log.restart()
            try log.append([9], to: "something-else")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == [1, 2, 6])
            #expect(log.losses.count == 1)
        }
    }
}
