import AuditEvents
import Compression
import Foundation
import TestSupport
import Testing

@testable import AuditSources

@Suite("The bytes of a stored log that are decompressed ahead")
struct BytesAheadTests {
    private static func text(_ number: Int) -> [UInt8] {
        [UInt8](AuditLine(from: ["192.0.2.1"], auditID: "event \(number)").text.utf8)
    }

    /// What is found in a compressed log, in the order in which it is found, and the numbers of bytes that are reported.
    private struct Course: Equatable {
        var events: [String] = []
        var reports: [Int] = []
        var reading = LogReading()

        init(of log: StoredLog, decompressesAhead: Bool) throws {
            var scanner = EventScanner(
                selecting: [EventSelector(group: "system:unauthenticated", responseCode: 403)])
            var memory = PartMemory()
            let part = try #require(try log.parts().first)
            let found = part.read(
                with: &scanner, in: &memory, decompressesAhead: decompressesAhead,
                take: { events.append($0.copy().auditID) }, report: { reports.append($0) })
            reading = found
        }
    }

    /// One frame of Zstandard (RFC 8878) whose blocks are stored.
    private static func zstd(_ bytes: [UInt8]) -> [UInt8] {
        let blockSize = 100_000
        // A window of 1 MiB, and no size of the content.
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 10 << 3]
        for start in stride(from: 0, to: max(1, bytes.count), by: blockSize) {
            let block = bytes[start..<min(start + blockSize, bytes.count)]
            let head = block.count << 3 | (start + blockSize >= bytes.count ? 1 : 0)
            frame += (0..<3).map { UInt8(truncatingIfNeeded: head >> (8 * $0)) } + block
        }
        return frame
    }

    @Test("are found as without another thread, whole or damaged")
    func decompressedAhead() throws {
        var generator = SeededGenerator(seed: 21)
        let few = (0..<3).flatMap(Self.text)
        let log = few + Array("no event\n".utf8) + (0..<6000).flatMap(Self.text) + Self.text(6000).dropLast(9)
        let empty = Gzip.compress([])
        let behind = "behind the frames"
        let files: [[UInt8]] = [
            Gzip.compress(log), Self.zstd(log), Gzip.compress(log) + empty + Gzip.compress(few),
            Self.zstd(few) + Self.zstd([]) + Self.zstd(log) + Array(behind.utf8), empty,
        ]
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log")
            var problems: Set<StoredLogProblem?> = []
            for whole in files {
                for change in 0..<12 {
                    var packed = whole
                    switch change {
                    case 0: break
                    case 1..<6: packed.removeLast(Int.random(in: 0..<whole.count, using: &generator))
                    default:
                        let position = Int.random(in: 0..<whole.count, using: &generator)
                        packed[position] ^= UInt8.random(in: 1...255, using: &generator)
                    }
                    try Data(packed).write(to: file)
                    let log = try #require(StoredLog.find([file.path]).logs.first)
                    let expected = try Course(of: log, decompressesAhead: false)
                    #expect(try Course(of: log, decompressesAhead: true) == expected)
                    if change == 0 {
                        #expect(
                            (expected.reading.problem != nil)
                                == whole.suffix(behind.utf8.count).elementsEqual(behind.utf8))
                    }
                    problems.insert(expected.reading.problem)
                }
            }
            #expect(problems.count > 20)
        }
    }

    @Test("are closed also if they are not read to their end")
    func abandoned() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "audit.log.gz")
            let packed = Gzip.compress((0..<20_000).flatMap(Self.text))
            try Data(packed).write(to: file)
            let log = try #require(StoredLog.find([file.path]).logs.first)
            for pieces in 0..<10 {
                var bytes = BytesAhead(try LogBytes(log))
                for _ in 0..<pieces { _ = try bytes.next() }
            }
            // The thread closes the file when it ends.
            try await eventually("the log to be closed") { try descriptors(of: file).isEmpty }
        }
    }

    /// The descriptors of this process that have a file open.
    private func descriptors(of file: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == file.path
        }
    }
}
