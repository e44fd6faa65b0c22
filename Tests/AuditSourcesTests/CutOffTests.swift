import AuditSources
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A log that is seen for the first time has a cut-off")
struct CutOffTests {
    private let old = "audit-2026-10-01T00-00-00.000.log"

    private func isRecent(_ time: Double?, before seconds: Double) -> Bool {
        time.map { abs($0 - (Date.now.timeIntervalSince1970 - seconds)) < 60 } ?? false
    }

    @Test("of the duration before it was seen, in every batch, also after rotations and restarts")
    func duration() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, from: .recent(seconds: 3600))
            try log.append([1])
            log.read()
            let first = try #require(log.batches.first?.countsFrom)
            #expect(isRecent(first, before: 3600))
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.append([3])
            log.restart()
            for _ in 0..<2 { log.read(after: 2) }
            #expect(log.ids == [1, 2, 3])
            #expect(Set(log.batches.filter { $0.bytes > 0 }.map(\.countsFrom)) == [first])
        }
    }

    @Test("of none, with `beginning`")
    func beginning() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            #expect(log.batches.map(\.countsFrom) == [nil])
        }
    }

    @Test("of the previous look, with `end`, if it appears later: it is read from its beginning")
    func end() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["*.log"], from: .end)
            try log.append([1], to: "a.log")
            log.read()
            #expect(log.ids == [])
            try log.append([2], to: "b.log")
            log.read()
            #expect(log.ids == [2])
            #expect(isRecent(log.batches.last?.countsFrom, before: 0))
        }
    }

    @Test(
        "and its rotated files of before are not read, by the time in their names",
        arguments: ["*/audit.log", "x/audit.log"])
    func appearsWithHistory(pattern: String) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: [pattern], from: .recent(seconds: 3600))
            try #require(mkdir(log.path("x"), 0o755) == 0)
            try log.append(100...199, to: "x/\(old)")
            try log.append(200...299, to: "x/audit.log-20261001")
            log.read()
            try log.append([1], to: "x/audit.log")
            for _ in 0..<2 { log.read(after: 2) }
            #expect(log.ids == [1])
            // By it copies are found without a comparison with each of them.
            let passedOver = log.batches.flatMap(\.positions).filter { $0.isFinished && $0.offset > 0 }
            #expect(passedOver.count == 2)
            #expect(passedOver.allSatisfy { $0.beginning != nil })
            // Nor under another name.
            try log.rename("x/\(old)", to: "x/audit.log.5")
            log.restart()
            for _ in 0..<2 { log.read(after: 2) }
            #expect(log.ids == [1])
        }
    }

    @Test("and a file that was just rotated is read with it")
    func justRotated() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, from: .recent(seconds: 3600))
            try log.append([1], to: "audit.log.1")
            try log.append([0], to: "audit.log.2")
            try log.age("audit.log.2", by: 7200)
            try log.append([2])
            log.read()
            #expect(log.ids == [1, 2])
            #expect(log.batches.allSatisfy { isRecent($0.countsFrom, before: 3600) })
        }
    }

    @Test("which a rotated file has that turns up later, whatever its name says")
    func turnsUpLater() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, from: .recent(seconds: 3600))
            try log.append([1])
            log.read()
            let cutOff = try #require(log.batches.first?.countsFrom)
            try log.append([2], to: old)
            log.restart()
            for _ in 0..<2 { log.read(after: 2) }
            #expect(log.ids == [1, 2])
            #expect(log.batches.last { $0.bytes > 0 }?.countsFrom == cutOff)
        }
    }
}
