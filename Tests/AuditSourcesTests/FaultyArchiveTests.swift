import AuditEvents
import Compression
import Foundation
import Testing
import TestSupport

@testable import AuditSources

@Suite("Of a rotated log that was compressed and is faulty, everything that gzip -d gives is read")
struct FaultyArchiveTests {
    private static let name = "audit-2026-11-23T23-14-34.953.log"

    /// A log whose 5000 lines were rotated, compressed, and changed, while nobody read it.
    private func withFault(
        _ change: (inout Data) -> Void, _ body: (LogDirectory, URL) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            let log = try LogDirectory(directory)
            try log.append([1])
            log.read()
            try log.append(2...5000)
            try log.rename(to: Self.name)
            try log.compress(Self.name)
            let archive = URL(filePath: log.path(Self.name + ".gz"))
            var bytes = try Data(contentsOf: archive)
            change(&bytes)
            try bytes.write(to: archive)
            try log.append([9000])
            log.restart()
            try body(log, archive)
        }
    }

    /// The number of whole lines that the program gives.
    private func lines(of archive: URL) throws -> Int {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/gzip")
        process.arguments = ["-dc", archive.path]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return text.count { $0 == UInt8(ascii: "\n") }
    }

    @Test("with zeros or a line end behind it: there is no fault", arguments: [Data(count: 512), Data("\r\n".utf8)])
    func padding(bytes: Data) throws {
        try withFault {
            $0 += bytes
        } _: { log, _ in
            log.read()
            #expect(log.ids == Array(1...5000) + [9000])
            #expect(log.losses == [])
            #expect(log.malformed == 0)
        }
    }

    @Test("with other bytes behind it: they are reported lost once")
    func behind() throws {
        try withFault {
            $0 += Data("garbage".utf8) + $0
        } _: { log, _ in
            for _ in 0..<3 { log.read(after: 100) }
            log.restart()
            log.read(after: 100)
            #expect(log.ids == Array(1...5000) + [9000])
            #expect(log.losses.count == 1)
            #expect(log.losses.first?.reason.contains("not compressed") == true)
            #expect(log.problems == [nil])
        }
    }

    @Test("with a wrong bit: the rest is reported lost once, and the problem does not stay", arguments: [200, 40_000])
    func wrongBit(distance: Int) throws {
        try withFault { bytes in
            bytes[bytes.count - min(distance, bytes.count * 3 / 4)] ^= 1
        } _: { log, archive in
            // The bit may have changed some lines before it is noticed, at the latest where the file ends too early.
            for _ in 0..<3 { log.read(after: 100) }
            let ids = log.ids.filter { $0 <= 5000 }
            let given = try lines(of: archive)
            #expect(log.batches.map(\.scanned.lines).reduce(0, +) >= given)
            #expect(ids.starts(with: 1...1000))
            #expect(log.ids.contains(9000))
            #expect(log.losses.count == 1)
            #expect(log.losses.first?.reason.contains("\(Self.name).gz: compressed data") == true)
            #expect(log.problems == [nil])
            // Nor again after a restart.
            log.restart()
            for _ in 0..<3 { log.read(after: 100) }
            #expect(log.ids.filter { $0 <= 5000 } == ids)
            #expect(log.losses.count == 1)
        }
    }

    @Test("that is cut off: after it has not changed for a minute, and the rest is reported lost once")
    func cutOff() throws {
        try withFault {
            $0 = $0.prefix($0.count * 3 / 4)
        } _: { log, archive in
            log.read()
            log.read(after: 50)
            #expect(log.ids == [1, 9000])
            #expect(log.losses == [])
            log.read(after: 11)
            let ids = log.ids.filter { $0 <= 5000 }
            let given = try lines(of: archive)
            #expect(ids.count >= given)
            #expect(ids.count > 3000)
            for _ in 0..<3 { log.read(after: 100) }
            #expect(log.losses.count == 1)
            #expect(log.losses.first?.reason.contains("ends too early") == true)
            #expect(log.problems == [nil])
        }
    }

    @Test("that is cut off and completed later: nothing is lost")
    func completed() throws {
        var whole = Data()
        try withFault {
            whole = $0
            $0 = $0.prefix($0.count / 2)
        } _: { log, archive in
            log.read()
            log.read(after: 50)
            try whole.prefix(whole.count * 3 / 4).write(to: archive)
            log.read(after: 20)
            #expect(log.ids == [1, 9000])
            try whole.write(to: archive)
            log.read(after: 20)
            #expect(log.ids.sorted() == Array(1...5000) + [9000])
            #expect(log.losses == [])
        }
    }

    @Test("that holds nothing readable: it is reported lost once, and no problem stays")
    func unreadable() throws {
        try withFault {
            $0[3] = 0xff
        } _: { log, _ in
            for _ in 0..<4 { log.read(after: 100) }
            #expect(log.ids == [1, 9000])
            // The archive, and the file that it was.
            #expect(log.losses.count == 2)
            #expect(log.problems == [nil])
        }
    }

    @Test("Another log is read while an archive unfolds to gigabytes, a bounded amount in each step")
    func bomb() throws {
        try withTemporaryDirectory { directory in
            // 128 MiB of zeros in a member, 128 times: 16 GiB.
            let member = Gzip.compress([UInt8](repeating: 0, count: 128 << 20))
            var bytes = Data()
            for _ in 0..<128 { bytes += member }
            try bytes.write(to: directory.appending(path: "a.log.1.gz"))
            var follower = LogFollower(
                try ["a.log*", "b.log"].map { try #require(LogPattern(directory.appending(path: $0).path)) },
                from: .beginning, selecting: LogDirectory.selectors)
            try Data(LogDirectory.line(1).utf8).write(to: directory.appending(path: "b.log"))
            follower.look()
            var read = false
            let start = ContinuousClock.now
            for _ in 0..<10 where !read {
                if case .batch(let batch) = follower.step(), !batch.scanned.events.isEmpty { read = true }
            }
            #expect(read)
            // Ten steps; all of it takes more than a minute in a debug build.
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }
}
