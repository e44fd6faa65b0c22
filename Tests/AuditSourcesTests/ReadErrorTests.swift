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

    @Test(
        "whatever the order of appends, rotations, compressions, failures and restarts",
        arguments: ["audit.log", "audit.log*"], [false, true])
    func randomHistories(pattern: String, copiesAndTruncates: Bool) throws {
        for seed in 1...30 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            try following([pattern]) { log, reads in
                var written = 0
                var rotated: [String] = []
                log.read()
                for _ in 0..<80 {
                    switch Int.random(in: 0..<10, using: &random) {
                    case 0...2:
                        written += 1
                        try log.append([written])
                    case 3:
                        guard access(log.path("audit.log"), F_OK) == 0 else { continue }
                        let name = "audit.log-\(20_261_000 + rotated.count)"
                        if copiesAndTruncates {
                            try log.copy(to: name)
                            try log.truncate()
                        } else {
                            try log.rename(to: name)
                        }
                        rotated.append(name)
                    case 4:
                        guard let name = rotated.randomElement(using: &random), !name.hasSuffix(".gz") else { continue }
                        try log.compress(name)
                        rotated = rotated.map { $0 == name ? name + ".gz" : $0 }
                    case 5:
                        let name = (rotated.suffix(2) + ["audit.log"]).randomElement(using: &random) ?? "audit.log"
                        reads.fail(name, from: Int.random(in: 0...2000, using: &random))
                    case 6: reads.recover()
                    case 7: log.restart()
                    default: log.read(after: Double.random(in: 0...4, using: &random))
                    }
                }
                reads.recover()
                written += 1
                try log.append([written])
                for _ in 0..<4 { log.read(after: 100) }
                #expect(log.ids.sorted() == Array(1..<written + 1), "seed \(seed)")
                #expect(log.malformed == 0, "seed \(seed)")
                #expect(log.losses == [], "seed \(seed)")
                #expect(log.problems == [nil], "seed \(seed)")
            }
        }
    }
}
