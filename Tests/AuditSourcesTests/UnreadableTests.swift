import Foundation
import Glibc
import Testing
import TestSupport

@testable import AuditSources

@Suite("A file that cannot be read")
struct UnreadableTests {
    @Test(
        "and is a rotated one is shown, read when its rights are mended, and not called lost", arguments: [false, true])
    func rotated(restarts: Bool) throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.2")
            try log.append([3], to: "audit.log.1")
            try log.append([4])
            for name in ["audit.log.1", "audit.log.2"] { chmod(log.path(name), 0) }
            log.restart()
            try asNobody { for _ in 0..<4 { log.read(after: 10) } }
            #expect(log.ids == [1, 4])
            #expect(log.losses == [])
            #expect(
                log.states.first?.unreadRotated.keys.sorted() == [log.path("audit.log.1"), log.path("audit.log.2")])
            if restarts { log.restart() }
            for name in ["audit.log.1", "audit.log.2"] { chmod(log.path(name), 0o644) }
            try asNobody { for _ in 0..<3 { log.read(after: 10) } }
            #expect(log.ids.sorted() == [1, 2, 3, 4])
            #expect(log.states.first?.unreadRotated == [:])
        }
    }

    @Test("is no concern if it was passed over as old, or was read to its end")
    func unneeded() throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory, from: .recent(seconds: 3600))
            let old = "audit-2026-10-01T00-00-00.000.log"
            try log.append([1], to: old)
            chmod(log.path(old), 0)
            try log.append([2])
            try asNobody { log.read() }
            try log.rename(to: "audit.log.1")
            try log.append([3])
            try asNobody { for _ in 0..<4 { log.read(after: 10) } }
            chmod(log.path("audit.log.1"), 0)
            for _ in 0..<2 {
                log.restart()
                try asNobody { for _ in 0..<4 { log.read(after: 10) } }
                #expect(log.states.first?.unreadRotated == [:])
            }
            try FileManager.default.removeItem(atPath: log.path(old))
            try asNobody { for _ in 0..<4 { log.read(after: 10) } }
            #expect(log.ids == [2, 3])
            #expect(log.losses == [])
        }
    }

    @Test("and is removed before it could be is reported as lost", arguments: ["audit.log", "*.log"])
    func removed(pattern: String) throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory, following: [pattern])
            log.read()
            try log.append([1])
            let size = LogDirectory.line(1).utf8.count
            chmod(log.path("audit.log"), 0)
            try asNobody { log.read(after: 2) }
            #expect(log.states.first?.notFollowed == [log.path("audit.log"): "Permission denied"])
            // Another file, with another inode.
            try log.append([2], to: "new")
            try log.rename("new", to: "audit.log")
            try asNobody { for _ in 0..<4 { log.read(after: 2) } }
            #expect(log.ids == [2])
            #expect(log.losses.map(\.knownBytes) == [size])
            #expect(log.states.first?.notFollowed == [:])
        }
    }

    @Test("because a directory of a glob cannot be listed is a problem of the log")
    func directory() throws {
        try withTemporaryDirectory { directory in
            chmod(directory.path, 0o755)
            let log = try LogDirectory(directory, following: ["*/audit.log", "sub/*.log"])
            try #require(mkdir(log.path("sub"), 0o700) == 0)
            try log.append([1], to: "sub/audit.log")
            try asNobody { log.read() }
            #expect(log.problems[1] == "\(log.path("sub")): Permission denied")
        }
    }

    @Test("since the path leads to a file without a name is a problem, and its lines are read")
    func namelessFile() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["mounted.log"])
            try log.append([1])
            let descriptor = open(log.path("audit.log"), O_RDONLY)
            defer { close(descriptor) }
            // As with a mount of a single file, the path still leads to the file after it was removed.
            try #require(symlink("/proc/self/fd/\(descriptor)", log.path("mounted.log")) == 0)
            log.read()
            #expect(log.problems == [nil])
            try log.remove()
            log.read()
            #expect(log.ids == [1])
            #expect(
                log.problems == [
                    "the file has no name any more on its file system; mount its directory instead of the file"
                ])
        }
    }
}

@Suite("Any number of files")
struct ManyFilesTests {
    @Test("rotated while nobody followed the log is opened a few at a time, with few descriptors")
    func rotated() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, openLimit: 8)
            try log.append([0])
            log.read()
            for id in 1...100 {
                try log.append([id])
                try log.rename(to: "audit.log-\(20_260_000 + id)")
            }
            try log.append([101])
            log.restart()
            log.read(batches: 1)
            #expect(try log.openFiles() <= 9)
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(0...101))
            #expect(try log.openFiles() <= 1)
        }
    }

    @Test("under a glob is followed with few descriptors")
    func glob() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"], openLimit: 8)
            for id in 1...60 { try log.append([id], to: "a\(id).log") }
            for _ in 0..<4 { log.read(after: 2) }
            #expect(try log.openFiles() <= 8)
            #expect(log.ids.sorted() == Array(1...60))
            for id in 1...60 { try log.append([100 + id], to: "a\(id).log") }
            for _ in 0..<4 { log.read(after: 2) }
            #expect(log.ids.sorted() == Array(1...60) + Array(101...160))
        }
    }

    @Test("under a glob takes time in proportion at the first look")
    func linear() throws {
        func duration(_ count: Int) throws -> Duration {
            try withTemporaryDirectory { directory in
                let log = try LogDirectory(directory, following: ["*.log"])
                for id in 1...count { try log.append([id], to: "audit-\(id).log") }
                let start = ContinuousClock.now
                log.read()
                let duration = ContinuousClock.now - start
                #expect(log.ids.count == count)
                return duration
            }
        }
        let few = try duration(200)
        let many = try duration(1600)
        #expect(many < few * 24, "200 logs took \(few), 1,600 took \(many)")
    }
}

@Suite("A rotated file that is still written to")
struct LateWriterTests {
    @Test(
        "is read on, however long it was quiet",
        arguments: ["audit.log.1", "audit-2026-11-23T23-14-34.953.log", "by-hand"])
    func quiet(name: String) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.rename(to: name)
            try log.append([2])
            for _ in 0..<3 { log.read(after: 100) }
            try log.append([3], to: name)
            log.read(after: 2)
            #expect(log.ids == [1, 2, 3])
            for _ in 0..<3 { log.read(after: 100) }
            log.restart()
            log.read()
            try log.append([4], to: name)
            log.read(after: 2)
            #expect(log.ids == [1, 2, 3, 4])
        }
    }
}
