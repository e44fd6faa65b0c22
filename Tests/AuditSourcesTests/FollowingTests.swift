import AuditEvents
import AuditSources
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A log is followed")
struct FollowingTests {
    @Test("from its beginning, and on as it grows")
    func appendedLines() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...3)
            log.read()
            #expect(log.ids == [1, 2, 3])
            try log.append(4...5)
            log.read()
            #expect(log.ids == [1, 2, 3, 4, 5])
            #expect(log.lastPosition?.offset == log.bytes)
        }
    }

    @Test("from its end if configured, but a new one from its beginning")
    func fromEnd() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, from: .end)
            let partial = LogDirectory.line(3)
            try log.append(1...2)
            try log.append(String(partial.prefix(100)))
            log.read()
            #expect(log.ids == [])
            try log.append(String(partial.dropFirst(100)))
            log.read()
            #expect(log.ids == [3], "a line that began before the start and ended after it counts")
            try log.rename(to: "audit-2026-11-23T23-14-34.953.log")
            try log.append([4])
            log.read()
            #expect(log.ids == [3, 4])
        }
    }

    @Test("that does not exist yet")
    func notThereYet() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            log.read()
            #expect(log.problems == ["No such file or directory"])
            try log.append([1])
            log.read()
            #expect(log.problems == [nil])
            #expect(log.ids == [1])
        }
    }

    @Test("including a line that is written in two pieces")
    func lineInTwoPieces() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            for (id, length) in [1, 50, LogDirectory.line(1).utf8.count - 1].enumerated() {
                let line = LogDirectory.line(id)
                try log.append(String(line.prefix(length)))
                log.read()
                #expect(log.ids.count == 0)
                #expect(log.states[0].unreadBytes == length)
                try log.append(String(line.dropFirst(length)))
                log.read()
                #expect(log.ids == [id])
                try log.truncate()
                log.read()
                try log.remove()
                log.read(after: 60)
                log.read(after: 60)
                log.forget()
            }
            #expect(log.malformed == 0)
        }
    }

    @Test("by a glob in a directory that does not exist yet, which the state says")
    func globInMissingDirectory() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["later/*.log"])
            log.read()
            #expect(log.problems == ["no file matches; the directory \(log.path("later")) does not exist"])
            try #require(mkdir(log.path("later"), 0o755) == 0)
            try log.append([1], to: "later/audit.log")
            log.read(after: 1)
            #expect(log.ids == [1])
            #expect(log.problems == [nil])
        }
    }

    @Test("once, if several patterns match it")
    func severalPatterns() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit.log", "*.log", "link"])
            try log.append([1])
            try #require(symlink(log.path("audit.log"), log.path("link")) == 0)
            log.read()
            log.read()
            #expect(log.ids == [1])
            #expect(log.problems == [nil, nil, nil])
        }
    }

    @Test("by a glob, including a file that is created later")
    func glob() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*/audit.log"])
            log.read()
            #expect(log.problems == ["no file matches"])
            for (index, name) in ["a", "b"].enumerated() {
                try #require(mkdir(log.path(name), 0o755) == 0)
                try log.append([index], to: "\(name)/audit.log")
                log.read()
            }
            #expect(log.ids == [0, 1])
            #expect(log.problems == [nil])
        }
    }

    @Test("with any number of files, each in turn")
    func fairness() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["a.log", "b.log"])
            let padding = String(repeating: "x", count: 900_000)
            try log.append((0..<10).map { _ in "{\"p\":\"\(padding)\"}\n" }.joined(), to: "a.log")
            try log.append([1], to: "b.log")
            log.read()
            let place = try #require(log.batches.firstIndex { !$0.scanned.events.isEmpty })
            #expect(place <= 2, "the small log waited for \(place) batches of the large one")
        }
    }

    @Test("through a FIFO whose writers come and go")
    func fifo() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try #require(mkfifo(log.path("audit.log"), 0o644) == 0)
            log.read()
            for id in 1...3 {
                try log.append([id])
                log.read()
            }
            #expect(log.ids == [1, 2, 3])
            #expect(log.problems == [nil])
        }
    }

    @Test("through a symlink, also after it points to another file")
    func symlinks() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1], to: "one")
            try #require(symlink("one", log.path("audit.log")) == 0)
            log.read()
            try log.append([2], to: "one")
            try log.append([3], to: "two")
            try log.remove("audit.log")
            try #require(symlink("two", log.path("audit.log")) == 0)
            log.read()
            #expect(log.ids == [1, 2, 3])
        }
    }

    @Test("in the directory that a symlink leads to, although the file there was renamed", arguments: [false, true])
    func danglingSymlink(restarts: Bool) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            for name in ["old", "new"] { try #require(mkdir(log.path(name), 0o755) == 0) }
            try log.append([1], to: "old/one.log")
            try #require(symlink("old/one.log", log.path("audit.log")) == 0)
            log.read()
            try log.append([2], to: "old/one.log")
            try log.remove("audit.log")
            try #require(symlink("new/two.log", log.path("audit.log")) == 0)
            try log.append([3], to: "new/two.log")
            try log.rename("new/two.log", to: "new/two-2026-11-29T10-00-00.000.log")
            if restarts { log.restart() }
            log.read()
            #expect(log.ids.sorted() == (restarts ? [1, 3] : [1, 2, 3]))
            try log.append([4], to: "new/two.log")
            log.read()
            #expect(log.ids.sorted() == (restarts ? [1, 3, 4] : [1, 2, 3, 4]))
        }
    }

    @Test("only if it is not a directory, which is reported")
    func notALog() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["sub", "*"])
            try #require(mkdir(log.path("sub"), 0o755) == 0)
            log.read()
            let problem = "a directory; name the log in it, or a glob such as DIRECTORY/*.log"
            #expect(log.problems[0] == problem)
            #expect(log.problems[1]?.hasSuffix("sub: \(problem)") == true)
        }
    }

    @Test("with malformed lines reported by their position in the log")
    func malformedPlaces() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            let offset = log.bytes
            try log.append("not json\n")
            try log.append([2])
            log.read()
            #expect(log.ids == [1, 2])
            #expect(log.batches.flatMap(\.scanned.malformed).map(\.offset) == [offset])
            #expect(log.batches.last?.path == log.path("audit.log"))
        }
    }
}
