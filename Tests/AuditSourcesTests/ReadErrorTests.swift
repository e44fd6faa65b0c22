import AuditEvents
import Foundation
import Glibc
import Synchronization
import Testing
import TestSupport

@testable import AuditSources

/// Reads of files, which fail where a test wants them to.
private final class FailingReads: Sendable {
    private let failing = Mutex<@Sendable (String, Int) -> Bool>({ _, _ in false })

    /// From now on, reads of files with these names fail, from an offset on.
    func fail(_ names: String..., from offset: Int = 0) {
        failing.withLock { failing in
            failing = { name, end in names.contains { name.hasSuffix("/\($0)") } && end > offset }
        }
    }

    func recover() {
        failing.withLock { $0 = { _, _ in false } }
    }

    func read(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ offset: Int) -> Int {
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) ?? ""
        if failing.withLock({ $0 })(path, offset + buffer.count) {
            errno = EIO
            return -1
        }
        return pread(descriptor, buffer.baseAddress, buffer.count, offset)
    }
}

@Suite("A failed read of a log is not taken for other content")
struct ReadErrorTests {
    private func following(
        _ patterns: [String] = ["audit.log"], from start: StartingPoint = .beginning,
        _ body: (LogDirectory, FailingReads) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let reads = FailingReads()
            try body(LogDirectory(directory, following: patterns, from: start) { reads.read($0, $1, $2) }, reads)
        }
    }

    @Test("while it is followed: it is read on afterwards")
    func followed() throws {
        try following { log, reads in
            try log.append(1...3)
            log.read()
            reads.fail("audit.log")
            try log.append([4])
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.problems == ["Input/output error"])
            #expect(log.states.map(\.readErrors) == [3])
            #expect(log.ids == [1, 2, 3])
            reads.recover()
            log.read()
            #expect(log.problems == [nil])
            #expect(log.ids == [1, 2, 3, 4])
            #expect(log.states.map(\.truncations) == [0])
        }
    }

    @Test("behind the place that is compared, or before it", arguments: [0, 1])
    func partly(part: Int) throws {
        try following { log, reads in
            try log.append(1...100)
            log.read()
            try log.append([101])
            // Reads up to the read position succeed, or only those that end before it.
            reads.fail("audit.log", from: (1...100).map { LogDirectory.line($0).utf8.count }.reduce(0, +) - part)
            log.read()
            #expect(log.problems == ["Input/output error"])
            #expect(log.ids == Array(1...100))
            reads.recover()
            log.read()
            #expect(log.ids == Array(1...101))
            #expect(log.states.map(\.truncations) == [0])
        }
    }

    @Test("at the start, after a restart, and at the end: it is begun where it should be", arguments: [false, true])
    func begun(restarts: Bool) throws {
        try following(from: restarts ? .beginning : .end) { log, reads in
            try log.append(1...3)
            if restarts {
                log.read()
                log.restart()
            }
            reads.fail("audit.log")
            log.read()
            log.read()
            #expect(log.problems == ["Input/output error"])
            reads.recover()
            log.read()
            try log.append([4])
            log.read()
            #expect(log.problems == [nil])
            #expect(log.ids == (restarts ? [1, 2, 3, 4] : [4]))
        }
    }

    @Test("that was rotated: it is read to its end later, and is not called lost", arguments: [false, true])
    func rotated(restarts: Bool) throws {
        try following { log, reads in
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.append([3])
            reads.fail("audit.log.1")
            if restarts { log.restart() }
            for _ in 0..<5 { log.read(after: 10) }
            #expect(log.problems == ["Input/output error"])
            #expect(log.ids == [1, 3], "the new log does not wait")
            reads.recover()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.problems == [nil])
            #expect(log.ids == [1, 3, 2])
            #expect(log.losses == [])
        }
    }

    @Test("that was compressed: it is read later, once", arguments: [false, true])
    func compressed(restarts: Bool) throws {
        try following { log, reads in
            try log.append([1])
            log.read()
            log.restart()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.compress("audit.log.1")
            try log.append([3])
            reads.fail("audit.log.1.gz", from: restarts ? 0 : 4)
            for _ in 0..<5 { log.read(after: 10) }
            #expect(log.problems == ["Input/output error"])
            if restarts { log.restart() }
            reads.recover()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.problems == [nil])
            #expect(log.ids.sorted() == [1, 2, 3])
            #expect(log.losses == [])
        }
    }

    @Test("that a copy of it may be: the copy waits, and is not read again", arguments: ["audit.log", "audit.log*"])
    func copy(pattern: String) throws {
        try following([pattern]) { log, reads in
            try log.append(1...20)
            log.read()
            reads.fail("audit.log", "audit.log.1")
            try log.copy(to: "audit.log.1")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids == Array(1...20))
            reads.recover()
            for _ in 0..<3 { log.read(after: 100) }
            try log.truncate()
            try log.append([21])
            for _ in 0..<3 { log.read(after: 100) }
            #expect(log.ids == Array(1...21))
            #expect(log.losses == [])
            #expect(log.states.map(\.truncations) == [1])
        }
    }
}
