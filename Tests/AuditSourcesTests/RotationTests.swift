import AuditSources
import Foundation
import Glibc
import Testing
import TestSupport

@Suite("A log that is rotated loses no line and repeats none")
struct RotationTests {
    private let rotatedName = "audit-2026-11-23T23-14-34.953.log"

    @Test("when it is renamed: the old file to its end, then the new one from its beginning")
    func renamed() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append([2, 3])
            try log.rename(to: rotatedName)
            try log.append([4, 5])
            log.read()
            #expect(log.ids == [1, 2, 3, 4, 5])
        }
    }

    @Test("when the old file takes many reads: the new one waits")
    func largeOldFile() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([0])
            log.read()
            try log.append(1...9000)
            try log.rename(to: rotatedName)
            try log.append(9001...9010)
            log.read()
            #expect(log.ids == Array(0...9010))
        }
    }

    @Test(
        "when it is rotated several times between two checks",
        arguments: [
            [
                "audit-2026-11-23T23-14-34.953.log", "audit-2026-11-23T23-14-34.960.log",
                "audit-2026-11-23T23-14-35.001.log",
            ],
            ["audit.log.3", "audit.log.2", "audit.log.1"],
            ["audit.log-20261121", "audit.log-20261122", "audit.log-20261123"],
        ])
    func severalRotations(names: [String]) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            // Rotated before the start: not read.
            try log.append([-1], to: "audit-2026-11-22T00-00-00.000.log")
            try log.append([-2], to: "audit.log.9")
            // Another file.
            try log.append([-3], to: "audit-policy.log")
            try log.append([1])
            log.read()
            for (index, name) in names.enumerated() {
                try log.append([10 * index + 2, 10 * index + 3])
                try log.rename(to: name)
                // Some file systems have times no finer than a tick of the kernel's clock.
                usleep(8000)
            }
            try log.append([99])
            log.read()
            #expect(log.ids == [1, 2, 3, 12, 13, 22, 23, 99])
            log.read(after: 100)
            log.read(after: 100)
            try log.rename(to: "audit.log-20261124")
            log.read()
            log.read(after: 100)
            #expect(log.ids.count == 8, "nothing is read again after files were closed")
        }
    }

    @Test("when it is checked between the renaming and the creation of the new file")
    func lookInBetween() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.rename(to: "audit.log.2")
            log.read()
            try log.append([2])
            try log.rename(to: "audit.log.1")
            try log.append([3])
            log.read()
            #expect(log.ids == [1, 2, 3])
        }
    }

    @Test("when the old file is still written to for a while")
    func lateWriter() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.rename(to: rotatedName)
            try log.append([2])
            log.read()
            try log.append([3], to: rotatedName)
            log.read(after: 1)
            try log.append([4], to: rotatedName)
            log.read(after: 4)
            log.read(after: 4)
            #expect(log.ids == [1, 2, 3, 4])
        }
    }

    @Test("when it ends without a line feed: the last line counts, late")
    func unterminatedLastLine() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append(String(LogDirectory.line(2).dropLast()))
            try log.rename(to: rotatedName)
            try log.append([3])
            log.read()
            #expect(log.ids == [1, 3])
            log.read(after: 6)
            #expect(log.ids == [1, 3, 2])
            log.read(after: 6)
            #expect(log.ids == [1, 3, 2])
        }
    }

    @Test("when a glob matches the rotated file too")
    func globMatchesRotatedFile() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory, following: ["audit*"])
            try log.append([0], to: "audit.log.1")
            try log.append([1])
            log.read()
            try log.append([2])
            try log.rename(to: rotatedName)
            try log.append([3])
            log.read()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == [0, 1, 2, 3])
        }
    }

    @Test("when it is deleted and created again")
    func deletedAndCreatedAgain() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append([2])
            try log.remove()
            log.read()
            #expect(log.problems == [nil], "during a rotation a missing log is not a problem")
            log.read(after: 6)
            #expect(log.problems == ["No such file or directory"])
            try log.append([3])
            log.read()
            #expect(log.problems == [nil])
            #expect(log.ids == [1, 2, 3])
        }
    }

    @Test("when a new file gets the inode of one that was read and closed")
    func inodeReuse() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            var reused = false
            var inodes: Set<UInt> = []
            for id in 1...20 {
                try log.append([id])
                var information = stat()
                try #require(stat(log.path("audit.log"), &information) == 0)
                if !inodes.insert(information.st_ino).inserted { reused = true }
                log.read()
                try log.remove()
                log.read(after: 10)
                log.read(after: 10)
            }
            #expect(log.ids == Array(1...20))
            if !reused { print("note: this file system gave no inode twice, so that reuse was not seen") }
        }
    }

    @Test("any number of times, without keeping files open")
    func descriptors() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            for id in 1...200 {
                try log.append([id])
                log.read(after: 1)
                try log.rename(to: "audit.log.\(id)")
            }
            log.read(after: 10)
            log.read(after: 10)
            let paths = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
            }
            #expect(paths.filter { $0.hasPrefix(directory.path) } == [])
            #expect(log.ids == Array(1...200))
        }
    }

    @Test(
        "whatever the order of appends, pieces of lines, rotations and checks",
        arguments: ["audit.log", "audit*.log"], [false, true])
    func randomHistories(pattern: String, copiesAndTruncates: Bool) throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            try withTemporaryDirectory { directory in
                let log = try LogDirectory(directory, following: [pattern])
                var written = 0
                var rotations = 0
                var pending = ""
                // Files that were rotated before the first look would not be read.
                log.read()
                for _ in 0..<120 {
                    switch Int.random(in: 0..<8, using: &random) {
                    case 0...2:
                        written += 1
                        pending += LogDirectory.line(written)
                        let cut = Int.random(in: 0...pending.utf8.count, using: &random)
                        try log.append(String(pending.prefix(cut)))
                        pending.removeFirst(cut)
                    case 3, 4:
                        try log.append(pending)
                        pending = ""
                        guard access(log.path("audit.log"), F_OK) == 0 else { continue }
                        rotations += 1
                        let stamp = String(format: "%02d.%03d", rotations / 1000, rotations % 1000)
                        let rotated = "audit-2026-11-23T23-14-\(stamp).log"
                        if copiesAndTruncates {
                            try log.copy(to: rotated)
                            try log.truncate()
                        } else {
                            try log.rename(to: rotated)
                        }
                    default: log.read(after: Double.random(in: 0...4, using: &random))
                    }
                }
                try log.append(pending)
                for _ in 0..<3 { log.read(after: 10) }
                #expect(log.ids.sorted() == Array(0..<written).map { $0 + 1 }, "seed \(seed)")
                #expect(log.malformed == 0, "seed \(seed)")
            }
        }
    }

    @Test("and with an incomplete last line is read once, if it is compressed while it is open")
    func incompleteLastLine() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append(1...2)
            try log.append(String(LogDirectory.line(3).dropLast()))
            log.read()
            try log.rename(to: "audit.log.1")
            try log.append([4])
            log.read(after: 1)
            try log.compress("audit.log.1")
            for _ in 0..<4 { log.read(after: 3) }
            log.restart()
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...4))
            #expect(log.losses == [])
        }
    }

    @Test("and is being copied, one of many files, is not taken for torn where the copy ends for a moment")
    func halfCopyBesideMany() throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            log.read()
            for id in 1...12 {
                try log.append([id])
                try log.rename(to: "audit.log.\(20 - id)")
            }
            let whole = LogDirectory.line(13) + LogDirectory.line(14)
            try log.append(String(whole.prefix(700)), to: "audit.log.1")
            log.read(after: 1)
            log.read(after: 1)
            try log.append(String(whole.dropFirst(700)), to: "audit.log.1")
            for _ in 0..<3 { log.read(after: 10) }
            #expect(log.ids.sorted() == Array(1...14))
            #expect(log.malformed == 0)
        }
    }
}
